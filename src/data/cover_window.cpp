#include "data/cover_window.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace hotshot::data {
namespace {

constexpr double kNearlyAll = 0.75;

}  // namespace

std::vector<Window> windows_on_cover(const at::Tensor& cover, std::int64_t height, std::int64_t width, Random& random) {
  require(height >= 1 && width >= 1 && height <= cover.size(3) && width <= cover.size(4), "window",
          "expected a window inside {}x{} latents but got {}x{}", cover.size(4), cover.size(3), width, height);
  const at::Tensor sums_bhw =
      at::avg_pool2d(cover.to(at::kCPU, at::kFloat).sum(2), {height, width}, {1, 1}).squeeze(1).contiguous();
  const std::int64_t columns = sums_bhw.size(2), places = sums_bhw.size(1) * columns;
  std::vector<Window> windows;
  for (std::int64_t b = 0; b < sums_bhw.size(0); ++b) {
    const auto* sums = sums_bhw[b].data_ptr<float>();
    const double enough = kNearlyAll * sums_bhw[b].max().item<double>();
    std::vector<std::int64_t> good;
    for (std::int64_t i = 0; i < places; ++i) {
      if (sums[i] >= enough) good.push_back(i);
    }
    const std::int64_t picked = good[random.below(static_cast<std::uint32_t>(good.size()))];
    windows.push_back({picked / columns, picked % columns});
  }
  return windows;
}

at::Tensor cut_windows(const at::Tensor& x, const std::vector<Window>& windows, std::int64_t height,
                       std::int64_t width) {
  std::vector<at::Tensor> cut;
  for (std::size_t b = 0; b < windows.size(); ++b) {
    const at::Tensor one = x[static_cast<std::int64_t>(b)];
    cut.push_back(one.narrow(2, windows[b].top, height).narrow(3, windows[b].left, width));
  }
  return at::stack(cut);
}

}  // namespace hotshot::data
