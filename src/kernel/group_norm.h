// Group normalisation (Wu & He 2018, arXiv 1803.08494) of pixels whose channels lie side by side.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hotshot::kernel {

/// x_nlc [n, l, c]: (x − mean) / √(variance + eps) · weight_c + bias_c, the statistics of each of the n entries taken
/// in fp32 over its l rows and the c / groups channels of each group. Returns x's dtype.
at::Tensor group_norm(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                      const at::Tensor& bias_c, double eps);

/// SiLU of group_norm, rounded once.
at::Tensor group_norm_silu(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                           const at::Tensor& bias_c, double eps);

}  // namespace hotshot::kernel
