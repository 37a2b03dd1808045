#include "evaluation/statistics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"

namespace hotshot::evaluation {
namespace {

constexpr double kZ = 1.959963984540054;  // of a two-sided 95 %

struct Gaussian {
  at::Tensor mean_d;
  at::Tensor covariance_dd;
};

Gaussian fit(const at::Tensor& features_nd) {
  require(features_nd.dim() == 2 && features_nd.size(0) >= 2, "frechet", "expected at least 2 rows but got {}",
          features_nd.dim() == 2 ? features_nd.size(0) : 0);
  const at::Tensor x = features_nd.to(at::kDouble);
  const at::Tensor mean = x.mean(0);
  const at::Tensor centred = x - mean;
  return {mean, centred.t().matmul(centred) / static_cast<double>(x.size(0) - 1)};
}

// The symmetric square root of a positive semi-definite matrix; rounding may leave eigenvalues below zero.
at::Tensor square_root(const at::Tensor& matrix_dd) {
  const auto [values, vectors] = at::linalg_eigh(matrix_dd);
  return (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
}

}  // namespace

Share wilson(int hits, int total, double effective) {
  Share share{.hits = hits, .total = total};
  if (total == 0 || effective <= 0) return share;
  const double p = static_cast<double>(hits) / total;
  const double scale = 1 + kZ * kZ / effective;
  const double centre = (p + kZ * kZ / (2 * effective)) / scale;
  const double half = kZ / scale * std::sqrt(p * (1 - p) / effective + kZ * kZ / (4 * effective * effective));
  share.value = p;
  share.low = std::max(0.0, centre - half);
  share.high = std::min(1.0, centre + half);
  return share;
}

Share clustered_share(std::span<const Cluster> clusters) {
  int hits = 0, total = 0, filled = 0;
  for (const Cluster& cluster : clusters) {
    hits += cluster.hits;
    total += cluster.total;
    filled += cluster.total > 0;
  }
  if (total == 0) return {};
  const double p = static_cast<double>(hits) / total;
  if (filled < 2 || hits == 0 || hits == total) return wilson(hits, total, total);
  double residual = 0;
  for (const Cluster& cluster : clusters) residual += std::pow(cluster.hits - p * cluster.total, 2);
  const double variance = filled / (filled - 1.0) * residual / (static_cast<double>(total) * total);
  const double effect = std::max(1.0, variance / (p * (1 - p) / total));
  return wilson(hits, total, total / effect);
}

double frechet_distance(const at::Tensor& features_nd, const at::Tensor& features_md) {
  const Gaussian a = fit(features_nd), b = fit(features_md);
  const at::Tensor root = square_root(a.covariance_dd);
  const at::Tensor cross = square_root(root.matmul(b.covariance_dd).matmul(root));
  const double means = (a.mean_d - b.mean_d).square().sum().item<double>();
  const double traces = (a.covariance_dd + b.covariance_dd - 2 * cross).trace().item<double>();
  return std::max(0.0, means + traces);
}

double mean_pair_distance(const at::Tensor& features_nd) {
  const std::int64_t n = features_nd.size(0);
  if (n < 2) return 0;
  const at::Tensor x = features_nd.to(at::kDouble);
  return at::cdist(x, x).sum().item<double>() / static_cast<double>(n * (n - 1));
}

double mean_nearest_distance(const at::Tensor& features_nd, const at::Tensor& others_md) {
  const at::Tensor distances = at::cdist(features_nd.to(at::kDouble), others_md.to(at::kDouble));
  return std::get<0>(distances.min(1)).mean().item<double>();
}

}  // namespace hotshot::evaluation
