// Windows of latents around what matters: a network that learns shapes need not look at the sky each time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/random.h"

namespace hotshot::data {

/// Where a window lies in its latents.
struct Window {
  std::int64_t top = 0;
  std::int64_t left = 0;
};

/// For every sample of cover_b1thw (latent_cover) a window of height × width, which must fit: one of those, drawn by
/// `random`, that hold at least three quarters of the most cover a window can hold, summed over time.
std::vector<Window> windows_on_cover(const at::Tensor& cover_b1thw, std::int64_t height, std::int64_t width,
                                     Random& random);

/// The windows of x_bcthw, one per sample: [b, c, t, height, width].
at::Tensor cut_windows(const at::Tensor& x_bcthw, const std::vector<Window>& windows, std::int64_t height,
                       std::int64_t width);

}  // namespace hotshot::data
