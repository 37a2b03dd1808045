#include "diffusion/guidance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

const at::Tensor kCond = at::linspace(-1.0, 2.0, 48).reshape({2, 4, 6}).sin();
const at::Tensor kUncond = kCond.mul(3.0).cos();

TEST(Guidance, ScaleMovesFromUnconditionalThroughConditional) {
  EXPECT_TRUE(guide(kCond, kUncond, 0.0).allclose(kUncond));
  EXPECT_TRUE(guide(kCond, kUncond, 1.0).allclose(kCond, 1e-5, 1e-6));
  EXPECT_TRUE(guide(kCond, kUncond, 5.0).allclose(5.0 * kCond - 4.0 * kUncond, 1e-5, 1e-5));
}

TEST(Guidance, FullRescaleRestoresTheDeviationOfEachSample) {
  const at::Tensor guided = guide(kCond, kUncond, 5.0, 1.0);
  EXPECT_TRUE(guided.flatten(1).std(1).allclose(kCond.flatten(1).std(1), 1e-5));
  EXPECT_FALSE(guided.allclose(guide(kCond, kUncond, 5.0)));
}

TEST(Guidance, DeviationIsOverAllAxesOfASampleOfAClip) {
  const at::Tensor cond = kCond.reshape({2, 2, 3, 2, 2}), uncond = kUncond.reshape({2, 2, 3, 2, 2});
  EXPECT_TRUE(guide(cond, uncond, 5.0, 0.7).flatten(1).equal(guide(kCond, kUncond, 5.0, 0.7).flatten(1)));
  const at::Tensor alone = guide(cond.narrow(0, 1, 1), uncond.narrow(0, 1, 1), 5.0, 0.7);
  EXPECT_TRUE(guide(cond, uncond, 5.0, 0.7).narrow(0, 1, 1).allclose(alone, 1e-6));
}

TEST(Guidance, PartialRescaleLiesBetween) {
  const at::Tensor none = guide(kCond, kUncond, 5.0), full = guide(kCond, kUncond, 5.0, 1.0);
  EXPECT_TRUE(guide(kCond, kUncond, 5.0, 0.7).allclose(0.7 * full + 0.3 * none, 1e-5, 1e-6));
}

TEST(Guidance, ComputesInSinglePrecision) {
  const at::Tensor cond = kCond.to(at::kBFloat16), uncond = kUncond.to(at::kBFloat16);
  const at::Tensor guided = guide(cond, uncond, 7.5);
  EXPECT_EQ(guided.scalar_type(), at::kFloat);
  EXPECT_TRUE(guided.equal(guide(cond.to(at::kFloat), uncond.to(at::kFloat), 7.5)));
}

TEST(Guidance, RefusesWhatCannotWork) {
  EXPECT_THROW(guide(kCond, kUncond[0], 5.0), std::runtime_error);
  EXPECT_THROW(guide(kCond, kUncond, 5.0, 1.5), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::diffusion
