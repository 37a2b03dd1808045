#include "model/tiling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace hotshot::model {
namespace {

// The first `extent` lines of `next` along the axis fade in over the last ones of `previous`.
at::Tensor blended(const at::Tensor& previous, const at::Tensor& next, std::int64_t axis, std::int64_t extent) {
  extent = std::min({extent, previous.size(axis), next.size(axis)});
  std::vector<std::int64_t> shape(4, 1);
  shape[static_cast<std::size_t>(axis)] = extent;
  const at::Tensor share = (at::arange(extent, at::kDouble) / static_cast<double>(extent)).view(shape);
  const auto wide = [&](const at::Tensor& x) { return x.to(next.device(), at::kFloat); };
  const at::Tensor mixed = wide(previous.narrow(axis, previous.size(axis) - extent, extent)) * wide(1 - share) +
                           wide(next.narrow(axis, 0, extent)) * wide(share);
  return at::cat({mixed.to(next.scalar_type()), next.narrow(axis, extent, next.size(axis) - extent)}, axis);
}

at::Tensor cropped(const at::Tensor& tile, std::int64_t limit) {
  return tile.narrow(2, 0, std::min(limit, tile.size(2))).narrow(3, 0, std::min(limit, tile.size(3)));
}

}  // namespace

at::Tensor one_by_one(const at::Tensor& x_nchw, const PictureFunction& f) {
  std::vector<at::Tensor> results;
  for (std::int64_t n = 0; n < x_nchw.size(0); ++n) results.push_back(f(x_nchw.narrow(0, n, 1)));
  return at::cat(results);
}

at::Tensor in_tiles(const at::Tensor& x, std::int64_t tile_in, std::int64_t tile_out, const PictureFunction& f) {
  require(tile_in >= 4 && tile_in % 4 == 0 && tile_out % 4 == 0, "tiling",
          "expected tiles with sides in multiples of 4 but got {} and {}", tile_in, tile_out);
  const std::int64_t height = x.size(2), width = x.size(3);
  if (height <= tile_in && width <= tile_in) return f(x);
  const std::int64_t step = tile_in * 3 / 4, overlap = tile_out / 4;
  std::vector<at::Tensor> rows, above;
  for (std::int64_t top = 0; top < height; top += step) {
    std::vector<at::Tensor> row, visible;
    for (std::int64_t left = 0; left < width; left += step) {
      at::Tensor tile = f(x.narrow(2, top, std::min(tile_in, height - top))
                              .narrow(3, left, std::min(tile_in, width - left))
                              .contiguous());
      if (top > 0) tile = blended(above[row.size()], tile, 2, overlap);
      if (left > 0) tile = blended(row.back(), tile, 3, overlap);
      row.push_back(tile);
      visible.push_back(cropped(tile, tile_out - overlap));
    }
    rows.push_back(at::cat(visible, 3));
    above = std::move(row);
  }
  return at::cat(rows, 2);
}

}  // namespace hotshot::model
