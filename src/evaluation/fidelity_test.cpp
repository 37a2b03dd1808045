#include "evaluation/fidelity.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_support.h"

namespace hotshot::evaluation {
namespace {

Frames gray(int count, std::uint8_t value) {
  Frames frames(count, 4, 6);
  std::fill(frames.pixels.begin(), frames.pixels.end(), value);
  return frames;
}

TEST(Fidelity, OfEqualClipsIsTheHighest) {
  const Fidelity same = fidelity(gray(3, 90), gray(3, 90));
  EXPECT_EQ(same.psnr, 100);
  EXPECT_EQ(same.flicker, 0);
}

TEST(Fidelity, AnErrorThatStaysDoesNotFlicker) {
  const Fidelity still = fidelity(gray(3, 90), gray(3, 100));
  EXPECT_NEAR(still.psnr, 28.13, 0.01);  // 20 log10(255 / 10)
  EXPECT_EQ(still.flicker, 0);
}

TEST(Fidelity, AnErrorThatComesAndGoesDoes) {
  Frames copy = gray(3, 90);
  std::fill(copy.frame(1), copy.frame(2), std::uint8_t{100});
  EXPECT_EQ(fidelity(gray(3, 90), copy).flicker, 10);
  EXPECT_NE(message_of([] { fidelity(gray(3, 90), gray(2, 90)); }), "");
}

}  // namespace
}  // namespace hotshot::evaluation
