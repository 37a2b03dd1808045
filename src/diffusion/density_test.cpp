#include "diffusion/density.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

constexpr int kMany = 100000;

at::Tensor draw(const DensityOptions& options) { return sample_sigmas(options, 7, 0, 0, kMany).to(at::kDouble); }

double mean_of(const at::Tensor& x) { return x.mean().item<double>(); }
double std_of(const at::Tensor& x) { return x.std().item<double>(); }

TEST(Density, LogitNormalHasItsMoments) {
  const at::Tensor logits = at::logit(draw({.mean = 0.4, .std = 1.3}));
  EXPECT_NEAR(mean_of(logits), 0.4, 0.02);
  EXPECT_NEAR(std_of(logits), 1.3, 0.02);
  const at::Tensor z = (logits - 0.4) / 1.3;
  EXPECT_NEAR(mean_of(z.pow(3)), 0.0, 0.05);
  EXPECT_NEAR(mean_of(z.pow(4)), 3.0, 0.15);
}

TEST(Density, UniformHasItsMoments) {
  const at::Tensor sigma = draw({.density = "uniform"});
  EXPECT_NEAR(mean_of(sigma), 0.5, 0.005);
  EXPECT_NEAR(std_of(sigma), std::sqrt(1.0 / 12.0), 0.005);
}

TEST(Density, ModeFavoursTheMiddleOrTheEnds) {
  const double flat = std_of(draw({.density = "mode", .mode_scale = 0.0}));
  EXPECT_NEAR(flat, std::sqrt(1.0 / 12.0), 0.005);
  EXPECT_LT(std_of(draw({.density = "mode", .mode_scale = 1.29})), flat - 0.03);
  EXPECT_GT(std_of(draw({.density = "mode", .mode_scale = -0.8})), flat + 0.03);
}

TEST(Density, ShiftMultipliesTheOdds) {
  const at::Tensor shifted = at::logit(draw({.shift = 3.0}));
  EXPECT_NEAR(mean_of(shifted), std::log(3.0), 0.02);
  EXPECT_NEAR(std_of(shifted), 1.0, 0.02);
}

TEST(Density, StaysInRange) {
  for (const char* density : {"logit-normal", "mode", "uniform"}) {
    for (const double shift : {0.2, 1.0, 12.0}) {
      const at::Tensor sigma = draw({.density = density, .std = 3.0, .shift = shift});
      EXPECT_GE(sigma.min().item<double>(), 0.0);
      EXPECT_LE(sigma.max().item<double>(), 1.0);
    }
  }
}

TEST(Density, DependsOnSeedStepAndSampleAlone) {
  const DensityOptions options;
  const at::Tensor whole = sample_sigmas(options, 1, 5, 0, 8);
  // Two ranks with half of the batch each see the same numbers as one rank.
  EXPECT_TRUE(at::cat({sample_sigmas(options, 1, 5, 0, 4), sample_sigmas(options, 1, 5, 4, 4)}).equal(whole));
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(static_cast<float>(sample_sigma(options, 1, 5, i)), whole[i].item<float>());
  }
  EXPECT_FALSE(sample_sigmas(options, 2, 5, 0, 8).equal(whole));
  EXPECT_FALSE(sample_sigmas(options, 1, 6, 0, 8).equal(whole));
}

TEST(Density, StepsAndSamplesAreIndependent) {
  const DensityOptions options{.density = "uniform"};
  std::vector<at::Tensor> rows;
  for (int step = 0; step < 400; ++step) rows.push_back(sample_sigmas(options, 3, step, 0, 100));
  const at::Tensor sigma = at::stack(rows).to(at::kDouble) - 0.5;  // [step, sample]
  const double variance = mean_of(sigma.square());
  EXPECT_LT(std::abs(mean_of(sigma.narrow(0, 1, 399) * sigma.narrow(0, 0, 399))) / variance, 0.03);
  EXPECT_LT(std::abs(mean_of(sigma.narrow(1, 1, 99) * sigma.narrow(1, 0, 99))) / variance, 0.03);
}

TEST(Density, WeightsAreTheirFormulas) {
  const at::Tensor sigma_b = at::tensor({0.1f, 0.5f, 0.9f});
  const auto expect = [&](const char* name, double at_01, double at_05, double at_09) {
    EXPECT_TRUE(loss_weight(name, sigma_b).allclose(at::tensor({at_01, at_05, at_09}).to(at::kFloat), 1e-5)) << name;
  };
  expect("uniform", 1, 1, 1);
  expect("sigma-sqrt", 100, 4, 1 / 0.81);
  expect("cosmap", 2 / (std::numbers::pi * 0.82), 4 / std::numbers::pi, 2 / (std::numbers::pi * 0.82));
  expect("x0", 0.01, 0.25, 0.81);
  expect("min-snr", 0.05, 0.25, 0.01);
}

TEST(Density, WeightsAreFiniteAtTheEnds) {
  for (const std::string& name : weightings()) {
    const at::Tensor weight = loss_weight(name, at::tensor({0.0f, 1.0f}));
    EXPECT_TRUE(weight.isfinite().all().item<bool>()) << name;
    EXPECT_TRUE(weight.ge(0.0).all().item<bool>()) << name;
  }
}

TEST(Density, ClipsAreShiftedByTheirFrames) {
  const DensityOptions options{.density = "uniform", .shift = 2.0, .frame_power = 0.5};
  const DensityOptions one = options.of_frames(1), nine = options.of_frames(9);
  EXPECT_EQ(sample_sigma(one, 1, 2, 3), sample_sigma({.density = "uniform", .shift = 2.0}, 1, 2, 3));
  EXPECT_EQ(sample_sigma(nine, 1, 2, 3), sample_sigma({.density = "uniform", .shift = 6.0}, 1, 2, 3));
  EXPECT_EQ(sample_sigma(nine.of_frames(4), 1, 2, 3), sample_sigma(nine, 1, 2, 3));
}

TEST(Density, TimestepsAreScaledSigmas) {
  EXPECT_TRUE(timesteps_of(at::tensor({0.0f, 0.5f, 1.0f})).equal(at::tensor({0.0f, 500.0f, 1000.0f})));
}

TEST(Density, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(sample_sigma({.density = "cosine"}, 0, 0, 0), InvalidArgument);
  EXPECT_THROW(sample_sigma({.std = 0.0}, 0, 0, 0), InvalidArgument);
  EXPECT_THROW(loss_weight("p2", at::ones({1})), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::diffusion
