#include "model/posterior.h"

#include <ATen/ATen.h>

namespace hotshot::model {

Posterior Posterior::from_moments(const at::Tensor& moments) {
  const auto parts = moments.chunk(2, 1);
  return {parts[0], parts[1].clamp(-30.0, 20.0)};
}

at::Tensor Posterior::sample(const at::Tensor& noise) const { return mean + at::exp(0.5 * log_variance) * noise; }

}  // namespace hotshot::model
