#include "pipeline/frame_windows.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace hotshot::pipeline {
namespace {

// 1, 2, …, 2, 1: highest in the middle.
at::Tensor tent(std::int64_t count, const at::TensorOptions& options) {
  const at::Tensor up = at::arange(1, count + 1, options);
  return at::minimum(up, up.flip(0)).view({1, 1, count, 1, 1});
}

}  // namespace

std::vector<FrameWindow> frame_windows(std::int64_t frames, std::int64_t length, std::int64_t overlap) {
  require(overlap >= 0 && overlap < length, "window", "expected an overlap below the window's {} frames but got {}",
          length, overlap);
  if (frames <= length) return {{0, frames}};
  std::vector<FrameWindow> windows;
  for (std::int64_t begin = 0;; begin += length - overlap) {
    windows.push_back({std::min(begin, frames - length), length});
    if (begin + length >= frames) return windows;
  }
}

at::Tensor blend_windows(const at::Tensor& x, const std::vector<FrameWindow>& windows,
                         const std::function<at::Tensor(const at::Tensor&, const FrameWindow&)>& answer) {
  if (windows.size() == 1) return answer(x, windows.front()).to(at::kFloat);
  const auto options = x.options().dtype(at::kFloat);
  at::Tensor sum, weights = at::zeros({1, 1, x.size(2), 1, 1}, options);
  for (const FrameWindow& window : windows) {
    const at::Tensor part = answer(x.narrow(2, window.begin, window.count), window).to(at::kFloat);
    if (!sum.defined()) sum = at::zeros({part.size(0), part.size(1), x.size(2), part.size(3), part.size(4)}, options);
    const at::Tensor weight = tent(window.count, options);
    sum.narrow(2, window.begin, window.count).add_(part * weight);
    weights.narrow(2, window.begin, window.count).add_(weight);
  }
  return sum / weights;
}

}  // namespace hotshot::pipeline
