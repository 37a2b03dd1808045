#include "data/damage.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace hotshot::data {
namespace {

at::Tensor noisy_clip() {
  at::Tensor clip = at::empty({3, 2, 16, 24}, at::kFloat);
  Random(5, "test").fill_normal(clip.data_ptr<float>(), static_cast<std::size_t>(clip.numel()));
  return (clip * 0.3).clamp(-1, 1);
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(Damage, IsTheSameForTheSameNumbersAndOtherForOthers) {
  const at::Tensor clip = noisy_clip();
  EXPECT_TRUE(at::equal(damaged(clip, {}, Random(1, "a")), damaged(clip, {}, Random(1, "a"))));
  int different = 0;
  for (std::uint64_t seed = 2; seed < 12; ++seed) {
    const at::Tensor one = damaged(clip, {}, Random(seed, "a"));
    EXPECT_LE(one.abs().max().item<double>(), 1.0);
    EXPECT_EQ(one.sizes(), clip.sizes());
    different += distance(one, clip) > 1e-3;
  }
  EXPECT_GE(different, 8);
}

TEST(Damage, WithNoShareNothingHappens) {
  const at::Tensor clip = noisy_clip();
  EXPECT_TRUE(at::equal(damaged(clip, {.share = 0}, Random(1, "a")), clip));
}

TEST(Damage, FineStepsOfBlocksChangeNothingAndCoarseOnesLeaveFlatBlocks) {
  const at::Tensor clip = noisy_clip();
  EXPECT_LT(distance(quantize_blocks(clip, 1e-5), clip), 1e-4);
  const at::Tensor coarse = quantize_blocks(clip, 1000);
  EXPECT_LT(coarse.abs().max().item<double>(), 1e-6);
  EXPECT_NE(message_of([] {
              quantize_blocks(at::zeros({3, 1, 12, 16}), 0.1);
            }).find("multiples of 8"),
            std::string::npos);
}

TEST(Damage, BlurKeepsFlatFramesAndTheMeanAndLowersContrast) {
  const at::Tensor flat = at::full({3, 1, 8, 8}, 0.25);
  EXPECT_LT(distance(blur(flat, 1.0), flat), 1e-6);
  const at::Tensor clip = noisy_clip();
  EXPECT_LT(blur(clip, 1.0).std().item<double>(), 0.6 * clip.std().item<double>());
}

}  // namespace
}  // namespace hotshot::data
