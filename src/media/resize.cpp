#include "media/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "media/libav.h"

namespace hotshot::media {
namespace {

/// Planar, because libswscale scales packed RGB by way of YUV and loses exactness.
void split_planes(const std::uint8_t* rgb_hwc, AVFrame& planes_gbr) {
  for (int y = 0; y < planes_gbr.height; ++y) {
    std::uint8_t* rows[3];
    for (int k = 0; k < 3; ++k) rows[k] = planes_gbr.data[k] + static_cast<std::ptrdiff_t>(y) * planes_gbr.linesize[k];
    for (int x = 0; x < planes_gbr.width; ++x, rgb_hwc += 3) {
      rows[2][x] = rgb_hwc[0], rows[0][x] = rgb_hwc[1], rows[1][x] = rgb_hwc[2];
    }
  }
}

void join_planes(const AVFrame& planes_gbr, std::uint8_t* rgb_hwc) {
  for (int y = 0; y < planes_gbr.height; ++y) {
    const std::uint8_t* rows[3];
    for (int k = 0; k < 3; ++k) rows[k] = planes_gbr.data[k] + static_cast<std::ptrdiff_t>(y) * planes_gbr.linesize[k];
    for (int x = 0; x < planes_gbr.width; ++x, rgb_hwc += 3) {
      rgb_hwc[0] = rows[2][x], rgb_hwc[1] = rows[0][x], rgb_hwc[2] = rows[1][x];
    }
  }
}

/// One libswscale pass with one kind of filter.
Frames scale(const Frames& frames, int height, int width, int filter) {
  Frames out(frames.count, height, width);
  const FramePtr from = make_frame(AV_PIX_FMT_GBRP, frames.width, frames.height);
  const FramePtr to = make_frame(AV_PIX_FMT_GBRP, width, height);
  const ScalerPtr scaler(sws_getContext(frames.width, frames.height, AV_PIX_FMT_GBRP, width, height, AV_PIX_FMT_GBRP,
                                        filter | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr, nullptr, nullptr));
  ensure(scaler != nullptr, "resize", "cannot scale {}x{} to {}x{}", frames.width, frames.height, width, height);
  for (int i = 0; i < frames.count; ++i) {
    split_planes(frames.frame(i), *from);
    sws_scale(scaler.get(), from->data, from->linesize, 0, frames.height, to->data, to->linesize);
    join_planes(*to, out.frame(i));
  }
  return out;
}

}  // namespace

Size covering_size(Size from, Size wanted, bool enlarge) {
  const double factor =
      std::max(static_cast<double>(wanted.width) / from.width, static_cast<double>(wanted.height) / from.height);
  if (factor >= 1 && !enlarge) return from;
  return {std::max(wanted.width, static_cast<int>(std::lround(from.width * factor))),
          std::max(wanted.height, static_cast<int>(std::lround(from.height * factor)))};
}

Frames resize(const Frames& frames, int height, int width) {
  require(height > 0 && width > 0, "resize", "expected a positive size but got {}x{}", width, height);
  ensure(frames.count > 0, "resize", "expected frames but got none");
  const LibavLog quiet;
  if (height == frames.height && width == frames.width) return frames;
  const bool shrinks_y = height <= frames.height, shrinks_x = width <= frames.width;
  if (shrinks_y && shrinks_x) return scale(frames, height, width, SWS_AREA);
  if (!shrinks_y && !shrinks_x) return scale(frames, height, width, SWS_LANCZOS);
  // The shrinking axis first: fewer pixels for the second pass.
  const Frames half = scale(frames, std::min(height, frames.height), std::min(width, frames.width), SWS_AREA);
  return scale(half, height, width, SWS_LANCZOS);
}

Frames crop(const Frames& frames, int top, int left, int height, int width) {
  require(
      top >= 0 && left >= 0 && height > 0 && width > 0 && top <= frames.height - height && left <= frames.width - width,
      "crop", "expected a part of {}x{} but got {}x{} at {},{}", frames.width, frames.height, width, height, left, top);
  Frames out(frames.count, height, width);
  for (int i = 0; i < frames.count; ++i) {
    for (int y = 0; y < height; ++y) {
      const std::uint8_t* from = frames.frame(i) + (static_cast<std::size_t>(top + y) * frames.width + left) * 3;
      std::memcpy(out.frame(i) + static_cast<std::size_t>(y) * width * 3, from, static_cast<std::size_t>(width) * 3);
    }
  }
  return out;
}

Frames resize_cover(const Frames& frames, int height, int width) {
  require(height > 0 && width > 0, "resize", "expected a positive size but got {}x{}", width, height);
  const Size size = covering_size({frames.width, frames.height}, {width, height}, true);
  const Frames scaled = resize(frames, size.height, size.width);
  return crop(scaled, (size.height - height) / 2, (size.width - width) / 2, height, width);
}

}  // namespace hotshot::media
