#include "media/ping_pong.h"

#include <gtest/gtest.h>

namespace hotshot::media {
namespace {

std::vector<int> order_of(int count) {
  Frames frames(count, 2, 3);
  for (int i = 0; i < count; ++i) std::fill_n(frames.frame(i), frames.frame_bytes(), static_cast<std::uint8_t>(i));
  const Frames both = ping_pong(frames);
  EXPECT_EQ(both.pixels.size(), both.frame_bytes() * static_cast<std::size_t>(both.count));
  std::vector<int> order;
  for (int i = 0; i < both.count; ++i) {
    order.push_back(both.frame(i)[0]);
    EXPECT_EQ(both.frame(i)[both.frame_bytes() - 1], order.back());
  }
  return order;
}

TEST(PingPong, GoesBackWithoutRepeatingTheEnds) {
  EXPECT_EQ(order_of(5), (std::vector<int>{0, 1, 2, 3, 4, 3, 2, 1}));
  EXPECT_EQ(order_of(3), (std::vector<int>{0, 1, 2, 1}));
}

TEST(PingPong, LeavesOneAndTwoFrames) {
  EXPECT_EQ(order_of(2), (std::vector<int>{0, 1}));
  EXPECT_EQ(order_of(1), (std::vector<int>{0}));
}

}  // namespace
}  // namespace hotshot::media
