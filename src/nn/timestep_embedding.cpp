#include "nn/timestep_embedding.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hotshot::nn {

at::Tensor timestep_embedding(const at::Tensor& x, const TimestepEmbeddingOptions& o) {
  const std::int64_t half = o.size / 2;
  const at::Tensor j = at::arange(half, x.options().dtype(at::kFloat));
  const at::Tensor frequency = at::exp(j * (-std::log(10000.0) / (static_cast<double>(half) - o.shift)));
  const at::Tensor angle = x.to(at::kFloat).unsqueeze(-1) * frequency;
  const at::Tensor cosines = at::cos(angle), sines = at::sin(angle);
  return o.cosines_first ? at::cat({cosines, sines}, -1) : at::cat({sines, cosines}, -1);
}

}  // namespace hotshot::nn
