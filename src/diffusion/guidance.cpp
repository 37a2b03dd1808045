#include "diffusion/guidance.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

at::Tensor deviation(const at::Tensor& v) {
  const at::Tensor per_sample = v.flatten(1).std(1, /*unbiased=*/true);
  return per_sample.view([&] {
    std::vector<std::int64_t> shape(v.dim(), 1);
    shape[0] = v.size(0);
    return shape;
  }());
}

}  // namespace

at::Tensor guide(const at::Tensor& cond, const at::Tensor& uncond, double scale, double rescale) {
  ensure(cond.sizes() == uncond.sizes(), "guidance", "expected equal shapes but got [{}] and [{}]",
         fmt::join(cond.sizes(), ", "), fmt::join(uncond.sizes(), ", "));
  require(rescale >= 0.0 && rescale <= 1.0, "guidance", "expected a rescale in [0, 1] but got {}", rescale);
  const auto type = cond.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor to = cond.to(type), from = uncond.to(type);
  const at::Tensor guided = at::add(from, at::sub(to, from), scale);
  if (rescale == 0.0) return guided;
  const at::Tensor ratio = deviation(to) / deviation(guided);
  return guided * (ratio * rescale + (1.0 - rescale));
}

}  // namespace hotshot::diffusion
