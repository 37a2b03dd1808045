#include "diffusion/beta_quantile.h"

#include <cmath>

namespace hotshot::diffusion {
namespace {

// The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8) by the method of Lentz; converges
// fast for x up to the mean.
double continued_fraction(double x, double a) {
  double c = 1.0, d = 1.0 / (1.0 - 2.0 * a * x / (a + 1.0)), value = d;
  for (int m = 1; m < 200; ++m) {
    const double even = m * (a - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m));
    const double odd = -(a + m) * (2.0 * a + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0));
    d = 1.0 / (1.0 + even * d);
    c = 1.0 + even / c;
    value *= c * d;
    d = 1.0 / (1.0 + odd * d);
    c = 1.0 + odd / c;
    value *= c * d;
    if (std::abs(c * d - 1.0) < 1e-16) break;
  }
  return value;
}

// The share below x <= 1/2.
double share_below(double x, double a) {
  const double log_front = std::lgamma(2.0 * a) - 2.0 * std::lgamma(a) + a * (std::log(x) + std::log1p(-x));
  return std::exp(log_front) * continued_fraction(x, a) / a;
}

}  // namespace

double beta_quantile(double probability, double a) {
  if (probability > 0.5) return 1.0 - beta_quantile(1.0 - probability, a);
  if (probability <= 0.0) return 0.0;
  double low = 0.0, high = 0.5;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (share_below(middle, a) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace hotshot::diffusion
