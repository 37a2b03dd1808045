// What autoencoders are trained on.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::training {

/// Charbonnier error of a difference of pictures or clips [..., h, w], plus `edge_weight` times that of the differences
/// between its neighbouring pixels, which keeps outlines sharp.
at::Tensor reconstruction_error(const at::Tensor& difference, double edge_weight);

/// KL(q || N(0, I)) per latent value (Kingma & Welling 2014, appendix B), of means and logarithms of variances.
at::Tensor kl_per_value(const at::Tensor& mean, const at::Tensor& log_variance);

/// Peak signal-to-noise ratio in dB of a difference of values in [-1, 1].
double psnr_of(const at::Tensor& difference);

}  // namespace hotshot::training
