#include "diffusion/path.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace hotshot::diffusion {
namespace {

const at::Tensor kData = at::linspace(-1.0, 1.0, 24).reshape({3, 2, 2, 2});
const at::Tensor kNoise = kData.mul(5.0).cos();
const at::Tensor kSigma = at::tensor({0.0f, 0.25f, 1.0f});

TEST(Path, RunsFromDataToNoise) {
  const at::Tensor x_t = mix(kData, kNoise, kSigma);
  EXPECT_TRUE(x_t[0].equal(kData[0]));
  EXPECT_TRUE(x_t[1].allclose(0.75 * kData[1] + 0.25 * kNoise[1]));
  EXPECT_TRUE(x_t[2].equal(kNoise[2]));
}

TEST(Path, VelocityIsItsDerivative) {
  const at::Tensor data = kData.to(at::kDouble), noise = kNoise.to(at::kDouble), sigma = kSigma.to(at::kDouble);
  const at::Tensor slope = (mix(data, noise, sigma + 1e-3) - mix(data, noise, sigma)) / 1e-3;
  EXPECT_TRUE(slope.allclose(velocity(data, noise), 0.0, 1e-10));
}

TEST(Path, VelocityGivesBackBothEnds) {
  const at::Tensor x_t = mix(kData, kNoise, kSigma), v = velocity(kData, kNoise);
  EXPECT_TRUE(x0_from_velocity(x_t, v, kSigma).allclose(kData, 1e-5, 1e-6));
  EXPECT_TRUE(eps_from_velocity(x_t, v, kSigma).allclose(kNoise, 1e-5, 1e-6));
}

TEST(Path, HalfPrecisionIsComputedInSingle) {
  const at::Tensor data = kData.to(at::kBFloat16);
  const at::Tensor x_t = mix(data, kNoise, kSigma);
  EXPECT_EQ(x_t.scalar_type(), at::kFloat);
  EXPECT_TRUE(x_t.equal(mix(data.to(at::kFloat), kNoise, kSigma)));
  EXPECT_EQ(velocity(data, data).scalar_type(), at::kFloat);
}

TEST(Path, RefusesShapesThatWouldBroadcast) {
  EXPECT_THROW(mix(kData, kNoise[0], kSigma), std::runtime_error);
  EXPECT_THROW(mix(kData, kNoise, at::ones({1})), std::runtime_error);
  EXPECT_THROW(velocity(kData, kNoise[0]), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::diffusion
