#include "training/reconstruction.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hotshot::training {
namespace {

at::Tensor charbonnier(const at::Tensor& difference) { return (difference.square() + 1e-4).sqrt().mean(); }

// Differences of neighbours along an axis.
at::Tensor slope(const at::Tensor& x, std::int64_t axis) {
  const std::int64_t n = x.size(axis) - 1;
  return x.narrow(axis, 1, n) - x.narrow(axis, 0, n);
}

}  // namespace

at::Tensor reconstruction_error(const at::Tensor& difference, double edge_weight) {
  const at::Tensor edges = charbonnier(slope(difference, -1)) + charbonnier(slope(difference, -2));
  return charbonnier(difference) + edge_weight * edges;
}

at::Tensor kl_per_value(const at::Tensor& mean, const at::Tensor& log_variance) {
  return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean();
}

double psnr_of(const at::Tensor& difference) {
  const double error = difference.detach().to(at::kFloat).square().mean().item<double>();
  return 10 * std::log10(4.0 / std::max(error, 1e-12));
}

}  // namespace hotshot::training
