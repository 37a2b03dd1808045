#include "diffusion/prediction.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

constexpr double kData = 0.7, kNoise = -1.3;

// Whatever a network is trained to say, and in whatever scale the latents are, data and noise are found again.
TEST(Prediction, AnswerAndLatentsGiveBackDataAndNoise) {
  for (const Prediction& prediction : predictions()) {
    for (const double alpha : {1.0, 0.6, 0.05}) {
      for (const double sigma : {0.03, 0.8, 14.0}) {
        const auto [p, q] = prediction.target(alpha, sigma);
        const double x = alpha * kData + sigma * kNoise, answer = p * kData + q * kNoise;
        for (const Mixture wanted : {Mixture{1.0, 0.0}, {0.0, 1.0}, {-1.0, 1.0}, {0.3, 2.0}}) {
          const Reading reading = read_mixture(prediction, alpha, sigma, wanted);
          EXPECT_NEAR(reading.latents * x + reading.answer * answer, wanted.data * kData + wanted.noise * kNoise, 1e-9)
              << prediction.name << " " << alpha << " " << sigma;
        }
      }
    }
  }
}

TEST(Prediction, TheAnswerDoesNotDependOnTheScaleOfTheLatents) {
  for (const Prediction& prediction : predictions()) {
    const auto [p, q] = prediction.target(0.4, 0.9);
    const auto [scaled_p, scaled_q] = prediction.target(4.0, 9.0);
    EXPECT_NEAR(p, scaled_p, 1e-15);
    EXPECT_NEAR(q, scaled_q, 1e-15);
    EXPECT_NEAR(prediction.norm(4.0, 9.0), 10.0 * prediction.norm(0.4, 0.9), 1e-12);
  }
}

TEST(Prediction, VelocityIsTheDerivativeOnTheCircle) {
  const double angle = 0.3, step = 1e-6;
  const auto x = [](double at) { return std::cos(at) * kData + std::sin(at) * kNoise; };
  const auto [p, q] = find_prediction("v_prediction").target(std::cos(angle), std::sin(angle));
  EXPECT_NEAR(p * kData + q * kNoise, (x(angle + step) - x(angle - step)) / (2.0 * step), 1e-8);
}

TEST(Prediction, FlowIsReadWithoutRounding) {
  const Prediction& flow = find_prediction("flow_prediction");
  for (int i = 1; i < 500; ++i) {
    const double sigma = static_cast<float>(0.002 * i), next = static_cast<float>(0.0019 * (i - 1));
    const Reading euler = read_mixture(flow, 1.0 - sigma, sigma, {.data = 1.0 - next, .noise = next});
    EXPECT_EQ(euler.latents, 1.0);
    EXPECT_EQ(euler.answer, next - sigma);
    const Reading slope = read_mixture(flow, 1.0 - sigma, sigma, {.data = -1.0, .noise = 1.0});
    EXPECT_EQ(slope.latents, 0.0);
    EXPECT_EQ(slope.answer, 1.0);
  }
}

TEST(Prediction, UnknownNamesListTheKnownOnes) {
  try {
    find_prediction("wish");
    FAIL();
  } catch (const InvalidArgument& error) {
    for (const Prediction& row : predictions()) {
      EXPECT_NE(std::string(error.what()).find(row.name), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace hotshot::diffusion
