#include "kernel/composition.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <cmath>
#include <vector>

namespace hotshot::kernel::composition {
namespace {

// fp32, or fp64 where that came in.
at::Tensor widen(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

// Whether x is taken as it is: libtorch's operations on a GPU sum in fp32 by themselves.
bool taken_as_is(const at::Tensor& x) { return !x.is_cpu() && x.scalar_type() != at::kDouble; }

at::Tensor group_norm_wide(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                           const at::Tensor& bias_c, double eps) {
  const at::Tensor wide = widen(x_nlc.transpose(1, 2));
  const auto dtype = wide.scalar_type();
  return at::group_norm(wide, groups, weight_c.to(dtype), bias_c.to(dtype), eps).transpose(1, 2).contiguous();
}

}  // namespace

at::Tensor gelu_tanh(const at::Tensor& x) { return at::gelu(x, "tanh"); }

at::Tensor geglu(const at::Tensor& x) {
  const auto halves = widen(x).chunk(2, -1);
  return (halves[0] * at::gelu(halves[1])).to(x.scalar_type());
}

at::Tensor layer_norm_modulate(const at::Tensor& x_bld, const at::Tensor& shift, const at::Tensor& scale, double eps) {
  if (taken_as_is(x_bld)) {
    const at::Tensor normal = at::layer_norm(x_bld, {x_bld.size(-1)}, {}, {}, eps);
    return at::addcmul(shift.to(x_bld.scalar_type()), normal, (scale + 1).to(x_bld.scalar_type()));
  }
  const at::Tensor normal = at::layer_norm(widen(x_bld), {x_bld.size(-1)}, {}, {}, eps);
  return at::addcmul(shift, normal, scale + 1).to(x_bld.scalar_type());
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight_d, const at::Tensor& bias_d, double eps) {
  if (taken_as_is(x)) {
    return at::layer_norm(x, {x.size(-1)}, weight_d.to(x.scalar_type()), bias_d.to(x.scalar_type()), eps);
  }
  const at::Tensor wide = widen(x);
  const auto dtype = wide.scalar_type();
  return at::layer_norm(wide, {x.size(-1)}, weight_d.to(dtype), bias_d.to(dtype), eps).to(x.scalar_type());
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight_d, double eps) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 5)
  if (taken_as_is(x)) return at::rms_norm(x, {x.size(-1)}, weight_d.to(x.scalar_type()), eps);
#endif
  const at::Tensor wide = widen(x);
  const at::Tensor inverse = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);
  return (wide * inverse * widen(weight_d)).to(x.scalar_type());
}

at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  if (taken_as_is(x)) return at::addcmul(x, y, gate.to(x.scalar_type()));
  return at::addcmul(widen(x), widen(y), gate).to(x.scalar_type());
}

at::Tensor channel_rms_norm(const at::Tensor& x_bcthw, const at::Tensor& gamma, bool then_silu) {
  std::vector<std::int64_t> shape(x_bcthw.dim(), 1);
  shape[1] = x_bcthw.size(1);
  const at::Tensor wide = widen(x_bcthw);
  const at::Tensor norm = at::linalg_vector_norm(wide, 2, at::IntArrayRef{1}, /*keepdim=*/true).clamp_min(1e-12);
  const at::Tensor weight = widen(gamma).view(shape) * std::sqrt(static_cast<double>(x_bcthw.size(1)));
  const at::Tensor y = wide / norm * weight;
  return (then_silu ? at::silu(y) : y).to(x_bcthw.scalar_type());
}

at::Tensor group_norm(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                      const at::Tensor& bias_c, double eps) {
  return group_norm_wide(x_nlc, groups, weight_c, bias_c, eps).to(x_nlc.scalar_type());
}

at::Tensor group_norm_silu(const at::Tensor& x_nlc, std::int64_t groups, const at::Tensor& weight_c,
                           const at::Tensor& bias_c, double eps) {
  return at::silu(group_norm_wide(x_nlc, groups, weight_c, bias_c, eps)).to(x_nlc.scalar_type());
}

at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& table) {
  const at::Tensor pairs = widen(x_blhd).reshape({x_blhd.size(0), x_blhd.size(1), x_blhd.size(2), -1, 2});
  const at::Tensor turned = at::view_as_complex(pairs.contiguous()) * table.unsqueeze(1);
  return at::view_as_real(turned).flatten(3).to(x_blhd.scalar_type());
}

}  // namespace hotshot::kernel::composition
