#include "diffusion/beta_quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace hotshot::diffusion {
namespace {

TEST(BetaQuantile, EqualsClosedForms) {
  for (const double p : {0.0, 1e-6, 0.1, 0.25, 0.5, 0.8, 0.999, 1.0}) {
    EXPECT_NEAR(beta_quantile(p, 1.0), p, 1e-12);                                                  // uniform
    EXPECT_NEAR(beta_quantile(p, 0.5), std::pow(std::sin(std::numbers::pi / 2.0 * p), 2), 1e-12);  // arcsine
    const double x = beta_quantile(p, 2.0);
    EXPECT_NEAR(x * x * (3.0 - 2.0 * x), p, 1e-12);
  }
}

TEST(BetaQuantile, IsSymmetric) {
  for (const double p : {1e-4, 0.03, 0.4}) EXPECT_NEAR(beta_quantile(p, 0.6) + beta_quantile(1.0 - p, 0.6), 1.0, 1e-12);
}

}  // namespace
}  // namespace hotshot::diffusion
