#include "data/piece.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hotshot::data {
namespace {

// Every pixel says where it is; the bottom right corner blinks.
Frames blinking(int count, int width, int height) {
  Frames clip(count, height, width);
  for (int t = 0; t < count; ++t) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        auto* pixel = clip.frame(t) + (static_cast<std::size_t>(y) * width + x) * 3;
        const bool corner = x >= width - 2 && y >= height - 2;
        pixel[0] = static_cast<std::uint8_t>(x), pixel[1] = static_cast<std::uint8_t>(y);
        pixel[2] = static_cast<std::uint8_t>(corner ? 200 * (t % 2) : 7);
      }
    }
  }
  return clip;
}

TEST(Piece, IsASquareOfTheClipInAllFrames) {
  const Frames clip = blinking(3, 20, 12);
  Random random(1, "piece");
  for (int round = 0; round < 50; ++round) {
    const Frames piece = cut_piece(clip, 8, 1, random);
    ASSERT_EQ(piece.count, 3);
    ASSERT_EQ(piece.width, 8);
    ASSERT_EQ(piece.height, 8);
    const int x0 = piece.frame(0)[0], y0 = piece.frame(0)[1];
    ASSERT_LE(x0, 12);
    ASSERT_LE(y0, 4);
    for (int t = 0; t < 3; ++t) {
      for (int i = 0; i < 64; ++i) {
        EXPECT_EQ(piece.frame(t)[i * 3], x0 + i % 8);
        EXPECT_EQ(piece.frame(t)[i * 3 + 1], y0 + i / 8);
      }
    }
  }
}

TEST(Piece, MoreTriesFindWhatMoves) {
  const Frames clip = blinking(4, 40, 40);
  Random random(2, "piece");
  int seen_by_one = 0, seen_by_many = 0;
  const auto sees = [](const Frames& piece) {
    const std::size_t last =
        piece.pixels.size() / 4 - 1;  // the last pixel's blue in the first frame; 0 where it blinks
    return piece.pixels[last] == 0;
  };
  for (int round = 0; round < 40; ++round) {
    seen_by_one += sees(cut_piece(clip, 32, 1, random));
    seen_by_many += sees(cut_piece(clip, 32, 200, random));
  }
  EXPECT_LT(seen_by_one, 12);
  EXPECT_GT(seen_by_many, 30);
}

TEST(Piece, LargerThanTheClipIsRefused) {
  Random random(3, "piece");
  EXPECT_THROW(cut_piece(blinking(1, 20, 12), 13, 1, random), InvalidArgument);
  EXPECT_THROW(cut_piece(blinking(1, 20, 12), 12, 0, random), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::data
