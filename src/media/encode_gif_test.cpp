#include <gtest/gtest.h>

#include <set>

#include "media/decode.h"
#include "media/encode.h"
#include "media/palette.h"
#include "media/test_support.h"

namespace hotshot::media {
namespace {

struct GifFacts {
  int table_colours = 0;
  bool forever = false;
  std::vector<int> delays;
};

int byte_at(const std::string& bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes.at(i)); }

std::size_t pass(const std::string& bytes, std::size_t at) {
  while (byte_at(bytes, at) != 0) at += 1 + byte_at(bytes, at);
  return at + 1;
}

GifFacts parse(const std::string& bytes) {
  GifFacts facts;
  facts.table_colours = 2 << (byte_at(bytes, 10) & 7);
  std::size_t at = 13 + 3 * facts.table_colours;
  while (byte_at(bytes, at) != 0x3B) {
    if (byte_at(bytes, at) == 0x21) {
      if (byte_at(bytes, at + 1) == 0xF9) facts.delays.push_back(byte_at(bytes, at + 4) | byte_at(bytes, at + 5) << 8);
      if (bytes.substr(at + 3, 11) == "NETSCAPE2.0") facts.forever = bytes.substr(at + 16, 2) == std::string(2, '\0');
      at = pass(bytes, at + 2);
    } else {
      EXPECT_EQ(byte_at(bytes, at), 0x2C);
      at = pass(bytes, at + 11);
    }
  }
  EXPECT_EQ(at + 1, bytes.size());
  return facts;
}

TEST(Gif, DelaysAddUpToTheCentisecond) {
  const TestFolder folder;
  encode({cartoon(25, 40, 40), {8, 1}}, folder / "a.gif");
  const GifFacts facts = parse(slurp(folder / "a.gif"));
  ASSERT_EQ(facts.delays.size(), 25u);
  int sum = 0;
  for (int i = 0; i < 25; ++i) {
    EXPECT_TRUE(facts.delays[i] == 12 || facts.delays[i] == 13) << facts.delays[i];
    sum += facts.delays[i];
    EXPECT_LE(std::abs(2 * sum - 25 * (i + 1)), 1);  // 12.5 each, never off by more than a rounding
  }
  EXPECT_EQ(sum, 313);
  EXPECT_TRUE(facts.forever);
  EXPECT_LE(facts.table_colours, 256);
}

TEST(Gif, StillFramesAreKeptAndSmall) {
  const TestFolder folder;
  Clip clip{Frames(10, 60, 60), {10, 1}};
  const Frames one = cartoon(1, 60, 60);
  for (int i = 0; i < 10; ++i) std::copy(one.pixels.begin(), one.pixels.end(), clip.frames.frame(i));
  encode(clip, folder / "still.gif");
  encode({one, {10, 1}}, folder / "one.gif");
  EXPECT_EQ(parse(slurp(folder / "still.gif")).delays.size(), 10u);
  EXPECT_LT(slurp(folder / "still.gif").size(), slurp(folder / "one.gif").size() + 10 * 40);
  const Frames back = decode(folder / "still.gif").frames;
  ASSERT_EQ(back.count, 10);
  for (int i = 1; i < 10; ++i)
    EXPECT_TRUE(std::equal(back.frame(0), back.frame(0) + back.frame_bytes(), back.frame(i)));
}

TEST(Gif, FewColoursAreExact) {
  const TestFolder folder;
  Frames frames(3, 32, 32);
  for (std::size_t i = 0; i < frames.pixels.size(); i += 3) {
    const int k = static_cast<int>(i / 3 * 7 / 5 % 11);
    frames.pixels[i] = static_cast<std::uint8_t>(k * 23),
    frames.pixels[i + 1] = static_cast<std::uint8_t>(255 - k * 20);
    frames.pixels[i + 2] = static_cast<std::uint8_t>(k * k * 2);
  }
  encode({frames, {10, 1}}, folder / "few.gif");
  EXPECT_EQ(decode(folder / "few.gif").frames.pixels, frames.pixels);
}

// Long codes, full dictionaries and every code width: noise in 2 to 255 colours must come back as it was.
TEST(Gif, CompressionSurvivesNoise) {
  const TestFolder folder;
  for (const int colours : {2, 3, 5, 17, 100, 200}) {
    Frames frames(2, 130, 170);
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < frames.pixels.size(); i += 3) {
      state = state * 1664525u + 1013904223u;
      const auto grey =
          static_cast<std::uint8_t>((state >> 16) % static_cast<std::uint32_t>(colours) * 254 / (colours - 1));
      const auto stepped = static_cast<std::uint8_t>(colours > 64 ? grey : grey / 4 * 4);
      frames.pixels[i] = frames.pixels[i + 1] = frames.pixels[i + 2] = stepped;
    }
    encode({frames, {10, 1}}, folder / "noise.gif", {.dither = false});
    const Frames back = decode(folder / "noise.gif").frames;
    ASSERT_EQ(back.count, 2);
    // 6-bit cells join neighbouring greys; everything else must be exact.
    int worst = 0;
    for (std::size_t i = 0; i < back.pixels.size(); ++i)
      worst = std::max(worst, std::abs(back.pixels[i] - frames.pixels[i]));
    EXPECT_LE(worst, colours > 64 ? 3 : 1) << colours;
  }
}

TEST(Gif, PaletteHas255ColoursAtMostAndLooksRight) {
  const Frames frames = cartoon(8, 120, 160);
  for (const bool dither : {false, true}) {
    const Palette palette(frames, 255, dither);
    EXPECT_LE(palette.entries().size(), 255u);
    EXPECT_GT(palette.entries().size(), 100u);
    Frames shown(8, 120, 160);
    for (int i = 0; i < 8; ++i) {
      const auto indices = palette.map(frames.frame(i), 120, 160);
      for (std::size_t k = 0; k < indices.size(); ++k) {
        std::copy_n(palette.entries()[indices[k]].begin(), 3, shown.frame(i) + 3 * k);
      }
    }
    EXPECT_GT(psnr(frames, shown), dither ? 38 : 40);
  }
}

TEST(Gif, DitheringStandsStill) {
  Frames frames(2, 64, 256);  // a grey ramp, with one corner that changes
  for (std::size_t i = 0; i < frames.pixels.size(); ++i) {
    frames.pixels[i] = static_cast<std::uint8_t>(20 + i / 3 % 256 * 210 / 255);
  }
  frames.frame(1)[0] = 255;
  const Palette palette(frames, 12, true);
  const auto first = palette.map(frames.frame(0), 64, 256), second = palette.map(frames.frame(1), 64, 256);
  EXPECT_TRUE(std::equal(first.begin() + 1, first.end(), second.begin() + 1));
  std::set<std::uint8_t> used(first.begin(), first.end());
  EXPECT_GE(used.size(), 11u);
  // Averaged over 8x8 blocks the dithered ramp is closer to the truth than the nearest colours are.
  const Palette nearest(frames, 12, false);
  const auto plain = nearest.map(frames.frame(0), 64, 256);
  double error_dithered = 0, error_plain = 0;
  for (int block = 0; block < 8 * 32; ++block) {
    double truth = 0, dithered = 0, flat = 0;
    for (int i = 0; i < 64; ++i) {
      const int at = (block / 32 * 8 + i / 8) * 256 + block % 32 * 8 + i % 8;
      truth += frames.frame(0)[3 * at + 1];
      dithered += palette.entries()[first[at]][1];
      flat += nearest.entries()[plain[at]][1];
    }
    error_dithered += std::pow(dithered - truth, 2);
    error_plain += std::pow(flat - truth, 2);
  }
  EXPECT_LT(error_dithered, 0.25 * error_plain);
}

}  // namespace
}  // namespace hotshot::media
