#include "diffusion/noise_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

const NoiseTable kSdxl{NoiseTableOptions{}};

TEST(NoiseTable, FollowsItsDefinition) {
  double alpha_bar = 1.0;
  for (int t = 0; t < kSdxl.size(); ++t) {
    const double root = std::sqrt(0.00085) + (std::sqrt(0.012) - std::sqrt(0.00085)) * t / 999.0;
    alpha_bar *= 1.0 - root * root;
    EXPECT_NEAR(kSdxl.alpha_bar(t), alpha_bar, 2e-6) << t;
    EXPECT_NEAR(kSdxl.sigma(t), std::sqrt((1.0 - alpha_bar) / alpha_bar), 1e-4 * kSdxl.sigma(t)) << t;
  }
  EXPECT_NEAR(kSdxl.sigma(999), 14.6146, 1e-3);
}

TEST(NoiseTable, TimestepIsTheInverseOfSigmaAtTheEntries) {
  for (const int t : {0, 1, 17, 500, 998, 999}) EXPECT_NEAR(kSdxl.timestep(kSdxl.sigma(t)), t, 1e-4);
  // Between entries one is linear in sigma, the other in log sigma.
  EXPECT_NEAR(kSdxl.timestep(std::sqrt(kSdxl.sigma(500) * kSdxl.sigma(501))), 500.5, 1e-3);
  EXPECT_NEAR(kSdxl.sigma(500.25), 0.75 * kSdxl.sigma(500) + 0.25 * kSdxl.sigma(501), 1e-12);
  EXPECT_EQ(kSdxl.timestep(1e9), 999.0);
  EXPECT_EQ(kSdxl.timestep(0.0), 0.0);
  EXPECT_EQ(kSdxl.sigma(1e9), kSdxl.sigma(999));
  EXPECT_EQ(kSdxl.sigma(-1.0), kSdxl.sigma(0));
}

TEST(NoiseTable, ZeroTerminalSnrChangesTheEndAndKeepsTheBeginning) {
  const NoiseTable table({.rescale_betas_zero_snr = true});
  EXPECT_EQ(table.alpha_bar(999), 0x1p-24);
  EXPECT_NEAR(table.sigma(999), 4096.0, 1.0);
  EXPECT_NEAR(table.alpha_bar(0), kSdxl.alpha_bar(0), 1e-7);
  for (int t = 1; t < 1000; ++t) EXPECT_LT(table.alpha_bar(t), kSdxl.alpha_bar(t));
}

TEST(NoiseTable, EveryScheduleRises) {
  for (const char* schedule : {"linear", "scaled_linear", "squaredcos_cap_v2"}) {
    const NoiseTable table({.beta_schedule = schedule});
    for (int t = 1; t < table.size(); ++t) EXPECT_GT(table.sigma(t), table.sigma(t - 1)) << schedule << " " << t;
  }
}

TEST(NoiseTable, RefusesWhatCannotWork) {
  EXPECT_THROW(NoiseTable({.beta_schedule = "magic"}), InvalidArgument);
  EXPECT_THROW(NoiseTable({.train_timesteps = 1}), InvalidArgument);
  EXPECT_THROW(NoiseTable({.beta_start = 0.0}), InvalidArgument);
  EXPECT_THROW(NoiseTable({.beta_start = 0.5, .beta_end = 0.1}), InvalidArgument);
  EXPECT_THROW(NoiseTable({.beta_end = 1.0}), InvalidArgument);
  EXPECT_THROW(NoiseTable({.beta_end = std::nan("")}), InvalidArgument);
  EXPECT_THROW(NoiseTable({.beta_start = 1e-12, .beta_end = 1e-12}), InvalidArgument);  // 1 - beta is 1 in fp32
  EXPECT_THROW(NoiseTable({.beta_start = 0.9, .beta_end = 0.99}), InvalidArgument);     // abar is 0 in fp32
}

}  // namespace
}  // namespace hotshot::diffusion
