// The kernels' definitions written with libtorch's own operations: what runs on
// other devices and in other dtypes, and what the fused loops are tested
// against. Same contracts as the functions of the same name in kernel/*.h, but
// that on a GPU activations of 16 bits pass through memory as they are: what is
// multiplied with or added to them is rounded to their type, sums are fp32.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel::composition {

at::Tensor gelu_tanh(const at::Tensor& x);
at::Tensor geglu(const at::Tensor& x);
at::Tensor layer_norm_modulate(const at::Tensor& x_bld, const at::Tensor& shift, const at::Tensor& scale, double eps);
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight_d, const at::Tensor& bias_d, double eps);
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight_d, double eps);
at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);
at::Tensor channel_rms_norm(const at::Tensor& x_bcthw, const at::Tensor& gamma, bool then_silu);
at::Tensor group_norm(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                      const at::Tensor& bias_c, double eps);
at::Tensor group_norm_silu(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                           const at::Tensor& bias_c, double eps);
at::Tensor attention(const at::Tensor& q_blhd, const at::Tensor& k_bshd, const at::Tensor& v_bshd, double scale,
                     const at::Tensor& bias);
at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& table);

}  // namespace hotshot::kernel::composition
