#include "pipeline/footage.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_support.h"
#include "media/encode.h"

namespace hotshot::pipeline {
namespace {

// Frame i is all 8 i.
Clip counting(int count, int fps) {
  Clip clip{Frames(count, 32, 32), {fps, 1}};
  for (int i = 0; i < count; ++i) std::fill_n(clip.frames.frame(i), clip.frames.frame_bytes(), std::uint8_t(8 * i));
  return clip;
}

TEST(PickFrames, TakesTheSpanNearestToWhatIsAskedFromTheMiddle) {
  EXPECT_EQ(pick_frames(8, 0.125, 8, 1), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(pick_frames(20, 0.125, 8, 1), (std::vector<int>{6, 7, 8, 9, 10, 11, 12, 13}));
  EXPECT_EQ(pick_frames(24, 1 / 24.0, 8, 1), (std::vector<int>{1, 4, 7, 10, 13, 16, 19, 22}));
  EXPECT_EQ(pick_frames(9, 0.125, 1, 1), (std::vector<int>{4}));
  EXPECT_NE(message_of([] { pick_frames(5, 0.125, 8, 1); }).find("at least 8 frames but got 5"), std::string::npos);
}

TEST(Footage, OfAPictureIsRepeatedAndOfAClipPicked) {
  const TestFolder folder;
  media::encode(counting(1, 8), folder / "one.png");
  const Frames still = read_footage(folder / "one.png", {32, 32}, 3, 8);
  EXPECT_EQ(still.count, 3);
  media::encode(counting(16, 16), folder / "clip.webp", {.quality = 100});
  const Frames moving = read_footage(folder / "clip.webp", {16, 32}, 8, 8);
  ASSERT_EQ(moving.count, 8);
  EXPECT_EQ(moving.width, 16);
  EXPECT_NEAR(moving.frame(1)[0] - moving.frame(0)[0], 16, 3);  // every second frame
  EXPECT_NE(message_of([&] {
              read_footage(folder / "clip.webp", {32, 32}, 20, 8);
            }).find("20 frames"),
            std::string::npos);
}

TEST(Footage, MasksAreWhiteWhereMostPixelsAre) {
  const TestFolder folder;
  Clip mask{Frames(1, 32, 32), {1, 1}};
  for (int y = 0; y < 32; ++y) std::fill_n(mask.frames.frame(0) + (y * 32 + 13) * 3, 19 * 3, std::uint8_t{255});
  media::encode(mask, folder / "mask.png");
  const at::Tensor read = read_mask(folder / "mask.png", {32, 32}, 8);
  EXPECT_EQ(read.sizes(), (std::vector<std::int64_t>{1, 1, 1, 4, 4}));
  EXPECT_TRUE(at::equal(read[0][0][0][2], at::tensor({0.f, 0.f, 1.f, 1.f})));
}

}  // namespace
}  // namespace hotshot::pipeline
