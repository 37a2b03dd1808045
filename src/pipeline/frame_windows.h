// Clips longer than a network can see at once: it sees overlapping windows, whose answers are blended at every step
// (Bar-Tal et al. 2023, "MultiDiffusion", eq. 5).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace hotshot::pipeline {

struct FrameWindow {
  std::int64_t begin = 0;
  std::int64_t count = 0;
};

/// Windows of at most `length` frames that cover `frames`, neighbours sharing at least `overlap`; the last ends with
/// the clip. One window where it suffices. Throws InvalidArgument unless 0 <= overlap < length.
std::vector<FrameWindow> frame_windows(std::int64_t frames, std::int64_t length, std::int64_t overlap);

/// What `answer` says of each window of x_bcfhw, blended: a window weighs less towards its ends. fp32.
at::Tensor blend_windows(const at::Tensor& x_bcfhw, const std::vector<FrameWindow>& windows,
                         const std::function<at::Tensor(const at::Tensor& x_bcfhw, const FrameWindow& window)>& answer);

}  // namespace hotshot::pipeline
