#include "diffusion/path.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

at::Tensor precise(const at::Tensor& x) { return x.to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat); }

// sigma_b as [b, 1, …], in the type and on the device of `like`.
at::Tensor per_sample(const at::Tensor& sigma_b, const at::Tensor& like) {
  ensure(sigma_b.dim() == 1 && like.dim() >= 1 && sigma_b.size(0) == like.size(0), "path",
         "expected one noise level per sample of [{}] but got [{}]", fmt::join(like.sizes(), ", "),
         fmt::join(sigma_b.sizes(), ", "));
  std::vector<std::int64_t> shape(like.dim(), 1);
  shape[0] = like.size(0);
  return sigma_b.to(like.options()).view(shape);
}

void same_shape(const at::Tensor& a, const at::Tensor& b) {
  ensure(a.sizes() == b.sizes(), "path", "expected equal shapes but got [{}] and [{}]", fmt::join(a.sizes(), ", "),
         fmt::join(b.sizes(), ", "));
}

}  // namespace

at::Tensor mix(const at::Tensor& x0, const at::Tensor& eps, const at::Tensor& sigma_b) {
  same_shape(x0, eps);
  const at::Tensor data = precise(x0), sigma = per_sample(sigma_b, data);
  return (1.0 - sigma) * data + sigma * precise(eps);
}

at::Tensor mix(const at::Tensor& x0, const at::Tensor& eps, const at::Tensor& alpha_b, const at::Tensor& sigma_b) {
  same_shape(x0, eps);
  const at::Tensor data = precise(x0);
  return per_sample(alpha_b, data) * data + per_sample(sigma_b, data) * precise(eps);
}

at::Tensor velocity(const at::Tensor& x0, const at::Tensor& eps) {
  same_shape(x0, eps);
  return precise(eps) - precise(x0);
}

at::Tensor x0_from_velocity(const at::Tensor& x_t, const at::Tensor& v, const at::Tensor& sigma_b) {
  same_shape(x_t, v);
  const at::Tensor noisy = precise(x_t);
  return noisy - per_sample(sigma_b, noisy) * precise(v);
}

at::Tensor eps_from_velocity(const at::Tensor& x_t, const at::Tensor& v, const at::Tensor& sigma_b) {
  same_shape(x_t, v);
  const at::Tensor noisy = precise(x_t);
  return noisy + (1.0 - per_sample(sigma_b, noisy)) * precise(v);
}

}  // namespace hotshot::diffusion
