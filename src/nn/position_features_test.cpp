#include "nn/position_features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numbers>

namespace hotshot::nn {
namespace {

constexpr std::int64_t kWaves = 3;

// The waves of a direction at place (t, y, x) of a grid of 8 × 8 × 8, where an eighth is a step on every axis.
at::Tensor waves_at(const at::Tensor& features, std::int64_t direction, std::int64_t t, std::int64_t y,
                    std::int64_t x) {
  return features[(t * 8 + y) * 8 + x].narrow(0, direction * 2 * kWaves, 2 * kWaves);
}

TEST(PositionFeatures, AreWavesOfTheMiddleOfEachPlace) {
  const at::Tensor features = position_features(2, 1, 4, kWaves);
  ASSERT_EQ(features.sizes(), at::IntArrayRef({8, kWaveDirections * 2 * kWaves}));
  const double u = 2.5 / 4, time = 1.5 / 8;  // place 6: the second frame, the third column
  const at::Tensor place = features[6];
  for (std::int64_t k = 1; k <= kWaves; ++k) {
    const double angle = static_cast<double>(k) * std::numbers::pi;
    EXPECT_NEAR(place[k - 1].item<double>(), std::cos(angle * time), 1e-6);
    EXPECT_NEAR(place[4 * kWaves + k - 1].item<double>(), std::cos(angle * u), 1e-6);
    EXPECT_NEAR(place[5 * kWaves + k - 1].item<double>(), std::sin(angle * u), 1e-6);
  }
}

TEST(PositionFeatures, StandStillForWhatMovesAlongThem) {
  const at::Tensor features = position_features(8, 8, 8, kWaves);
  const auto expect_still = [&](std::int64_t direction, std::int64_t dy, std::int64_t dx) {
    EXPECT_TRUE(at::allclose(waves_at(features, direction, 2, 4, 4),
                             waves_at(features, direction, 4, 4 + 2 * dy, 4 + 2 * dx), 1e-5, 1e-5))
        << direction;
    EXPECT_FALSE(at::allclose(waves_at(features, direction, 2, 4, 4),
                              waves_at(features, direction, 4, 4 - 2 * dy, 4 - 2 * dx), 1e-2, 1e-2))
        << direction;
  };
  expect_still(3, 0, -1);  // time + width: left
  expect_still(4, 0, 1);
  expect_still(5, -1, 0);  // time + height: up
  expect_still(6, 1, 0);
}

TEST(PositionFeatures, ReachFromEdgeToEdgeAtAnySize) {
  const at::Tensor small = position_features(1, 2, 2, kWaves), large = position_features(1, 6, 6, kWaves);
  EXPECT_TRUE(at::allclose(small[3], large[4 * 6 + 4], 1e-5, 1e-5));  // the middle of the last quarter
}

}  // namespace
}  // namespace hotshot::nn
