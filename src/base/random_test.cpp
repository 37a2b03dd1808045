#include "base/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace hotshot {
namespace {

// Known answers of Philox4x32-10 from the Random123 distribution (kat_vectors).
TEST(Random, PhiloxKnownAnswers) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, NormalHasUnitMoments) {
  std::vector<float> values(200'001);
  Random(7, "noise").fill_normal(values.data(), values.size());
  double sum = 0, squares = 0, fourth = 0;
  for (const float v : values) sum += v, squares += v * v, fourth += std::pow(v, 4);
  const double n = static_cast<double>(values.size());
  EXPECT_NEAR(sum / n, 0.0, 0.01);
  EXPECT_NEAR(squares / n, 1.0, 0.02);
  EXPECT_NEAR(fourth / n, 3.0, 0.1);
}

TEST(Random, FillIsAPrefixProperty) {
  std::vector<float> few(7), many(64);
  const Random random(3, "noise");
  random.fill_normal(few.data(), few.size());
  random.fill_normal(many.data(), many.size());
  for (std::size_t i = 0; i < few.size(); ++i) EXPECT_EQ(few[i], many[i]);
}

TEST(Random, StreamsAndSeedsDiffer) {
  EXPECT_NE(Random(1, "a").block(0), Random(1, "b").block(0));
  EXPECT_NE(Random(1, "a").block(0), Random(2, "a").block(0));
}

TEST(Random, BelowIsUniform) {
  Random random(5, "dice");
  std::vector<int> counts(6);
  for (int i = 0; i < 60'000; ++i) ++counts[random.below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

}  // namespace
}  // namespace hotshot
