// Classifier-free guidance.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::diffusion {

/// uncond + scale (cond - uncond) (Ho & Salimans 2022, eq. 6), in fp32 (fp64 for fp64 input). Shapes equal, batch
/// first. rescale in [0, 1] moves the standard deviation of each sample back towards that of `cond` (Lin et al. 2023,
/// eq. 15-16).
at::Tensor guide(const at::Tensor& cond, const at::Tensor& uncond, double scale, double rescale = 0.0);

}  // namespace hotshot::diffusion
