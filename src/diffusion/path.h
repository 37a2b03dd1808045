// The path between data and noise, and what the model learns on it (flow matching):
//   x_t = (1 - sigma) x0 + sigma eps,   v = eps - x0.
// sigma_b is [b], one noise level per sample; the other tensors are [b, …]. Results are fp32 (fp64 for fp64 data).
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::diffusion {

/// x_t, the noisy data.
at::Tensor mix(const at::Tensor& x0, const at::Tensor& eps, const at::Tensor& sigma_b);

/// alpha x0 + sigma eps, with any alpha_b and sigma_b [b].
at::Tensor mix(const at::Tensor& x0, const at::Tensor& eps, const at::Tensor& alpha_b, const at::Tensor& sigma_b);

/// v = eps - x0, the training target; the same at every sigma.
at::Tensor velocity(const at::Tensor& x0, const at::Tensor& eps);

/// x0 = x_t - sigma v.
at::Tensor x0_from_velocity(const at::Tensor& x_t, const at::Tensor& v, const at::Tensor& sigma_b);

/// eps = x_t + (1 - sigma) v.
at::Tensor eps_from_velocity(const at::Tensor& x_t, const at::Tensor& v, const at::Tensor& sigma_b);

}  // namespace hotshot::diffusion
