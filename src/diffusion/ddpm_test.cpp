#include "diffusion/ddpm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

const NoiseTable kTable{NoiseTableOptions{}};
const at::Tensor kData = at::linspace(-1.0, 1.0, 48).reshape({3, 2, 2, 2, 2});
const at::Tensor kNoise = kData.mul(5.0).cos();
const at::Tensor kTimesteps = at::tensor(std::vector<std::int64_t>{0, 400, 999}, at::kLong);

TEST(Ddpm, NoisyDataKeepsUnitVariance) {
  const at::Tensor noisy = add_noise(kTable, kData, kNoise, kTimesteps);
  for (int i = 0; i < 3; ++i) {
    const double alpha_bar = kTable.alpha_bar(kTimesteps[i].item<int>());
    EXPECT_TRUE(
        noisy[i].allclose(std::sqrt(alpha_bar) * kData[i] + std::sqrt(1.0 - alpha_bar) * kNoise[i], 1e-6, 1e-6));
  }
  EXPECT_EQ(add_noise(kTable, kData.to(at::kBFloat16), kNoise, kTimesteps).scalar_type(), at::kFloat);
}

TEST(Ddpm, TargetsAreWhatThePredictionsSay) {
  EXPECT_TRUE(training_target(kTable, "epsilon", kData, kNoise, kTimesteps).allclose(kNoise));
  EXPECT_TRUE(training_target(kTable, "sample", kData, kNoise, kTimesteps).allclose(kData));
  EXPECT_TRUE(training_target(kTable, "flow_prediction", kData, kNoise, kTimesteps).allclose(kNoise - kData));
  const at::Tensor v = training_target(kTable, "v_prediction", kData, kNoise, kTimesteps);
  const double alpha_bar = kTable.alpha_bar(400);
  EXPECT_TRUE(v[1].allclose(std::sqrt(alpha_bar) * kNoise[1] - std::sqrt(1.0 - alpha_bar) * kData[1], 1e-5, 1e-6));
}

TEST(Ddpm, MinSnrWeightsAreThoseOfThePaper) {
  const auto weight = [](const char* prediction, double gamma) {
    return min_snr_weight(kTable, prediction, kTimesteps, gamma);
  };
  for (int i = 0; i < 3; ++i) {
    const double alpha_bar = kTable.alpha_bar(kTimesteps[i].item<int>()), snr = alpha_bar / (1.0 - alpha_bar);
    for (const double gamma : {1.0, 5.0}) {
      const double least = std::min(snr, gamma);
      EXPECT_NEAR(weight("epsilon", gamma)[i].item<double>(), least / snr, 1e-5 * least / snr);
      EXPECT_NEAR(weight("v_prediction", gamma)[i].item<double>(), least / (snr + 1.0), 1e-5 * least);
      EXPECT_NEAR(weight("sample", gamma)[i].item<double>(), least, 1e-5 * least);
    }
  }
  EXPECT_EQ(weight("epsilon", 5.0).scalar_type(), at::kFloat);
  EXPECT_THROW(weight("epsilon", 0.0), InvalidArgument);
  EXPECT_THROW(weight("wish", 5.0), InvalidArgument);
}

TEST(Ddpm, TimestepsAreUniformAndBelongToTheirSample) {
  const at::Tensor all = sample_timesteps(kTable, 0, 3, 0, 8);
  EXPECT_TRUE(all.narrow(0, 4, 4).equal(sample_timesteps(kTable, 0, 3, 4, 4)));
  EXPECT_FALSE(all.equal(sample_timesteps(kTable, 1, 3, 0, 8)));
  EXPECT_FALSE(all.equal(sample_timesteps(kTable, 0, 4, 0, 8)));
  const at::Tensor many = sample_timesteps(kTable, 0, 0, 0, 20000);
  EXPECT_EQ(many.min().item<int>(), 0);
  EXPECT_EQ(many.max().item<int>(), 999);
  EXPECT_NEAR(many.to(at::kFloat).mean().item<double>(), 499.5, 10.0);
  EXPECT_NEAR(many.to(at::kFloat).std().item<double>(), 1000.0 / std::sqrt(12.0), 10.0);
}

TEST(Ddpm, OffsetNoiseMovesWholeChannels) {
  const at::Tensor offset = offset_noise(kNoise, 0.05, 9, 2) - kNoise;
  for (int b = 0; b < 3; ++b) {
    for (int c = 0; c < 2; ++c) {
      EXPECT_LT((offset[b][c] - offset[b][c].mean()).abs().max().item<double>(), 1e-6);
      EXPECT_GT(offset[b][c].abs().max().item<double>(), 1e-6);
    }
  }
  EXPECT_TRUE(
      offset_noise(kNoise.narrow(0, 1, 2), 0.05, 9, 2, 1).equal(offset_noise(kNoise, 0.05, 9, 2).narrow(0, 1, 2)));
  EXPECT_FALSE(offset_noise(kNoise, 0.05, 9, 3).equal(offset_noise(kNoise, 0.05, 9, 2)));
  EXPECT_TRUE(offset_noise(kNoise, 0.0, 9, 2).equal(kNoise));
  const at::Tensor many = offset_noise(at::zeros({2000, 4, 1}), 0.05, 9, 2);
  EXPECT_NEAR(many.std().item<double>(), 0.05, 0.003);
}

TEST(Ddpm, RefusesWhatWouldBroadcastOrLieOutside) {
  EXPECT_THROW(add_noise(kTable, kData, kNoise, kTimesteps.narrow(0, 0, 1)), std::runtime_error);
  EXPECT_THROW(add_noise(kTable, kData, kNoise, kTimesteps + 1), std::runtime_error);
  EXPECT_THROW(add_noise(kTable, kData, kNoise, kTimesteps - 1), std::runtime_error);
  EXPECT_THROW(add_noise(kTable, kData, kNoise, kTimesteps.to(at::kFloat)), std::runtime_error);
  EXPECT_THROW(offset_noise(at::zeros({3}), 0.05, 0, 0), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::diffusion
