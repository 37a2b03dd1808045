#include "data/cover_window.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "base/test_support.h"

namespace hotshot::data {
namespace {

// An actor of 2×2 latents at (5, 6) of 8×10, seen in the second of three frames alone.
at::Tensor cover() {
  at::Tensor x = at::zeros({1, 1, 3, 8, 10});
  x[0][0][1].narrow(0, 5, 2).narrow(1, 6, 2).fill_(1);
  return x;
}

TEST(CoverWindow, HoldsTheActorAtEveryPlaceWithinIt) {
  Random random(3, "test");
  std::set<std::pair<std::int64_t, std::int64_t>> places;
  for (int i = 0; i < 200; ++i) {
    const Window window = windows_on_cover(cover(), 4, 4, random).at(0);
    EXPECT_LE(window.top, 5);
    EXPECT_GE(window.top + 4, 7);
    EXPECT_LE(window.left, 6);
    EXPECT_GE(window.left + 4, 8);
    places.insert({window.top, window.left});
  }
  EXPECT_EQ(places.size(), 2u * 3u);  // tops 3 and 4, lefts 4 to 6
}

TEST(CoverWindow, IsAnywhereWithoutAnActorAndMustFit) {
  Random random(3, "test");
  std::set<std::int64_t> tops;
  for (int i = 0; i < 100; ++i) tops.insert(windows_on_cover(at::zeros({1, 1, 1, 6, 6}), 4, 4, random).at(0).top);
  EXPECT_EQ(tops.size(), 3u);
  EXPECT_NE(message_of([&] { windows_on_cover(cover(), 9, 4, random); }).find("10x8"), std::string::npos);
}

TEST(CoverWindow, CutsEachSampleAtItsOwnPlace) {
  const at::Tensor x = at::arange(2 * 3 * 4).view({2, 1, 1, 3, 4});
  const at::Tensor cut = cut_windows(x, {{0, 0}, {1, 2}}, 2, 2);
  EXPECT_TRUE(at::equal(cut[0].flatten(), at::tensor({0, 1, 4, 5}, at::kLong)));
  EXPECT_TRUE(at::equal(cut[1].flatten(), at::tensor({18, 19, 22, 23}, at::kLong)));
}

}  // namespace
}  // namespace hotshot::data
