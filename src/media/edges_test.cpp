#include "media/edges.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_support.h"
#include "media/decode.h"
#include "media/resize.h"

namespace hotshot::media {
namespace {

constexpr int kHeight = 48, kWidth = 64;

Frames reference() { return decode(std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden/edges.png").frames; }

Frames part(const Frames& sheet, int index) { return crop(sheet, index * kHeight, 0, kHeight, kWidth); }

TEST(Canny, DrawsWhatOpenCvDraws) {
  const Frames sheet = reference();
  EXPECT_EQ(canny(part(sheet, 0), 100, 200).pixels, part(sheet, 1).pixels);
  EXPECT_EQ(canny(part(sheet, 0), 30, 90).pixels, part(sheet, 2).pixels);
}

TEST(Canny, DrawsEveryFrameOnItsOwn) {
  Frames both(2, kHeight, kWidth);
  const Frames picture = part(reference(), 0);
  std::copy(picture.pixels.begin(), picture.pixels.end(), both.frame(1));
  const Frames edges = canny(both);
  EXPECT_EQ(std::count(edges.frame(0), edges.frame(1), 255), 0);
  EXPECT_TRUE(std::equal(edges.frame(1), edges.frame(1) + edges.frame_bytes(), canny(picture).pixels.begin()));
}

TEST(Canny, RefusesThresholdsOutOfOrder) {
  EXPECT_NE(message_of([] { canny(Frames(1, 8, 8), 200, 100); }).find("low"), std::string::npos);
}

TEST(SoftEdges, AreAsStrongAsTheStep) {
  Frames step(1, 8, 8);
  for (int y = 0; y < 8; ++y) std::fill_n(step.frame(0) + (y * 8 + 4) * 3, 12, std::uint8_t{100});
  const Frames edges = soft_edges(step);
  EXPECT_EQ(edges.pixels[(3 * 8 + 3) * 3], 100);  // 4 · 100 / 4
  EXPECT_EQ(edges.pixels[(3 * 8 + 4) * 3], 100);
  EXPECT_EQ(edges.pixels[(3 * 8 + 1) * 3], 0);
}

}  // namespace
}  // namespace hotshot::media
