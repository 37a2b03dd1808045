#include "kernel/norm.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace hotshot::kernel {

at::Tensor layer_norm_modulate(const at::Tensor& x_bld, const at::Tensor& shift, const at::Tensor& scale, double eps) {
  const at::Tensor normal = at::layer_norm(x_bld.to(at::kFloat), {x_bld.size(-1)}, {}, {}, eps);
  return at::addcmul(shift, normal, scale + 1).to(x_bld.scalar_type());
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight_d, const at::Tensor& bias_d, double eps) {
  return at::layer_norm(x.to(at::kFloat), {x.size(-1)}, weight_d.to(at::kFloat), bias_d.to(at::kFloat), eps)
      .to(x.scalar_type());
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight_d, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor inverse = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  return (wide * inverse * weight_d.to(at::kFloat)).to(x.scalar_type());
}

at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  return at::addcmul(x.to(at::kFloat), y.to(at::kFloat), gate).to(x.scalar_type());
}

at::Tensor channel_rms_norm(const at::Tensor& x_bcthw, const at::Tensor& gamma, bool then_silu) {
  std::vector<std::int64_t> shape(x_bcthw.dim(), 1);
  shape[1] = x_bcthw.size(1);
  const at::Tensor wide = x_bcthw.to(at::kFloat);
  const at::Tensor norm = at::linalg_vector_norm(wide, 2, at::IntArrayRef{1}, /*keepdim=*/true).clamp_min(1e-12);
  const at::Tensor weight = gamma.to(at::kFloat).view(shape) * std::sqrt(static_cast<double>(x_bcthw.size(1)));
  const at::Tensor y = wide / norm * weight;
  return (then_silu ? at::silu(y) : y).to(x_bcthw.scalar_type());
}

}  // namespace hotshot::kernel
