// Small parts around pictures: PNG, resize, orientation, timing, contact sheets, plots.
#include <gtest/gtest.h>

#include "media/contact_sheet.h"
#include "media/font.h"
#include "media/orientation.h"
#include "media/plot.h"
#include "media/png.h"
#include "media/resize.h"
#include "media/test_support.h"
#include "media/timing.h"

namespace hotshot::media {
namespace {

TEST(Png, RoundTripIsExactAndDamageIsRefused) {
  const TestFolder folder;
  const Frames picture = cartoon(1, 31, 47);
  write_png(picture, folder / "a.png");
  EXPECT_EQ(read_png(folder / "a.png").pixels, picture.pixels);
  const std::string good = slurp(folder / "a.png");
  for (std::size_t cut = 0; cut < good.size(); cut += 37) {
    EXPECT_NE(message_of([&] { parse_png(good.substr(0, cut), "x.png"); }).find("x.png"), std::string::npos);
  }
  EXPECT_NE(message_of([&] { read_png(folder / "a.png", {.max_pixels = 100}); }).find("31"), std::string::npos);
}

TEST(Resize, AveragesWhenShrinkingAndKeepsFlatColours) {
  Frames board(1, 64, 64);
  for (int i = 0; i < 64 * 64; ++i) {
    const bool white = (i / 64 + i % 64) & 1;
    for (int k = 0; k < 3; ++k) board.pixels[3 * i + k] = white ? 200 : 100;
  }
  for (const std::uint8_t value : resize(board, 32, 32).pixels) EXPECT_NEAR(value, 150, 1);
  Frames flat(2, 20, 30);
  for (std::size_t i = 0; i < flat.pixels.size(); ++i) flat.pixels[i] = i % 3 == 0 ? 250 : i % 3 == 1 ? 3 : 77;
  for (const auto& [height, width] : {std::pair{7, 9}, {50, 70}, {10, 90}, {20, 30}}) {
    const Frames out = resize(flat, height, width);
    ASSERT_EQ(out.pixels.size(), static_cast<std::size_t>(2 * height * width * 3));
    for (std::size_t i = 0; i < out.pixels.size(); ++i) EXPECT_NEAR(out.pixels[i], flat.pixels[i % 3], 1);
  }
  EXPECT_GT(psnr(cartoon(1, 64, 96), resize(resize(cartoon(1, 64, 96), 128, 192), 64, 96)), 35);
}

TEST(Resize, CoverKeepsTheMiddle) {
  Frames wide(1, 10, 40);
  for (int y = 0; y < 10; ++y) {
    for (int x = 15; x < 25; ++x) wide.frame(0)[(y * 40 + x) * 3] = 255;  // the middle square is red
  }
  const Frames square = resize_cover(wide, 10, 10);
  for (std::size_t i = 0; i < square.pixels.size(); i += 3) EXPECT_EQ(square.pixels[i], 255);
  EXPECT_NE(message_of([&] { crop(wide, 0, 35, 10, 10); }), "");
}

TEST(Orientation, TurnsClockwise) {
  Frames corner(1, 2, 3);
  corner.pixels[0] = 9;  // top left
  const auto where = [](const Frames& f) {
    for (int i = 0; i < f.height * f.width; ++i) {
      if (f.pixels[3 * i] == 9) return std::pair{i / f.width, i % f.width};
    }
    return std::pair{-1, -1};
  };
  EXPECT_EQ(where(Orientation(90, false).apply(corner)), (std::pair{0, 1}));
  EXPECT_EQ(where(Orientation(180, false).apply(corner)), (std::pair{1, 2}));
  EXPECT_EQ(where(Orientation(270, false).apply(corner)), (std::pair{2, 0}));
  EXPECT_EQ(where(Orientation(0, true).apply(corner)), (std::pair{0, 2}));
  EXPECT_EQ(Orientation::of_matrix({0, 65536, -65536, 0}).degrees(), 90);
  EXPECT_EQ(Orientation::of_matrix({-65536, 0, 0, -65536}).degrees(), 180);
  EXPECT_TRUE(Orientation::of_matrix({-65536, 0, 0, 65536}).mirrored());
  EXPECT_EQ(Orientation::of_matrix({5, 6, 7, 8}).degrees(), 0);
}

TEST(Timing, RatesSurviveRounding) {
  EXPECT_EQ(frame_times(4, {8, 1}, 100), (std::vector<std::int64_t>{0, 13, 25, 38, 50}));
  for (const Rational rate :
       {Rational{1, 1}, {5, 1}, {8, 1}, {12, 1}, {15, 1}, {16, 1}, {24, 1}, {25, 1}, {30, 1}, {50, 1}, {25, 2}}) {
    for (const int count : {16, 25, 97}) {
      for (const int units : {100, 1000}) {
        const Rational back = rate_of_times(frame_times(count, rate, units), units);
        EXPECT_EQ(back, rate) << count << " frames at " << rate.value() << " in 1/" << units << ": " << back.value();
      }
    }
  }
  EXPECT_EQ(rate_of_times(frame_times(240, {30000, 1001}, 1000), 1000), (Rational{30000, 1001}));
  EXPECT_NEAR(rate_of_times({0, 10, 50, 60}, 100).value(), 5, 1e-3);  // uneven: the mean
  EXPECT_EQ(simplest_between(0.3, 0.4), (Rational{1, 3}));
  EXPECT_EQ(simplest_between(12.5, 12.5), (Rational{25, 2}));
}

TEST(ContactSheet, PutsFramesInTheirPlaces) {
  std::vector<Clip> clips(3, Clip{Frames(5, 10, 20), {8, 1}});
  for (int c = 0; c < 3; ++c) {
    for (int t = 0; t < 5; ++t) {
      std::fill_n(clips[c].frames.frame(t), clips[c].frames.frame_bytes(), static_cast<std::uint8_t>(50 * c + 10 * t));
    }
  }
  const Frames sheet = contact_sheet(clips, {.columns = 2, .frames_per_row = 3, .gap = 2});
  EXPECT_EQ(sheet.count, 1);
  EXPECT_EQ(sheet.width, 2 + 6 * 22);
  EXPECT_EQ(sheet.height, 2 + 2 * 12);
  const auto at = [&](int y, int x) { return sheet.pixels[(y * sheet.width + x) * 3]; };
  EXPECT_EQ(at(5, 5), 0);              // clip 0, frame 0
  EXPECT_EQ(at(5, 5 + 22), 20);        // frame 2
  EXPECT_EQ(at(5, 5 + 44), 40);        // frame 4
  EXPECT_EQ(at(5, 5 + 66), 50);        // clip 1
  EXPECT_EQ(at(5 + 12, 5 + 22), 120);  // clip 2, frame 2
  const Frames labelled = contact_sheet(clips, {.columns = 2, .frames_per_row = 3, .gap = 2, .labels = {"A", "", ""}});
  EXPECT_EQ(labelled.height, sheet.height + 2 * kLineHeight);
  EXPECT_NE(message_of([&] { contact_sheet(std::vector<Clip>{}); }), "");
  EXPECT_NE(message_of([&] { contact_sheet(clips, {.labels = {"one"}}); }), "");
}

TEST(Font, DrawsInsideOnly) {
  Frames picture(1, 9, 12);
  draw_text(picture, 0, 0, "I", {255, 255, 255});
  EXPECT_EQ(picture.pixels[3 * 2], 255);  // the middle of the bar on top
  EXPECT_EQ(picture.pixels[3 * (3 * 12)], 0);
  draw_text(picture, -100, -3, "beyond every edge \xFF\x01", {255, 0, 0}, 3);
  EXPECT_EQ(text_width("abc", 2), 36);
}

TEST(Plot, DrawsTheLineWhereItBelongs) {
  Series series{"loss", {}, {}};
  for (int i = 0; i <= 100; ++i) series.x.push_back(i), series.y.push_back(i < 50 ? 0 : 10);
  series.y[20] = std::nan("");
  const Frames picture = plot({series}, {.width = 400, .height = 300, .title = "t", .x_label = "step", .y_label = "l"});
  const auto blue = [&](int y, int x) {
    return picture.pixels[(y * 400 + x) * 3] < 60 && picture.pixels[(y * 400 + x) * 3 + 2] > 120;
  };
  int low = 0, high = 0;
  for (int x = 70; x < 370; ++x) {
    for (int y = 32; y < 264; ++y) {
      if (!blue(y, x)) continue;
      if (x < 210 && y > 200) ++low;
      if (x > 230 && x < 300 && y < 100) ++high;
    }
  }
  EXPECT_GT(low, 100);
  EXPECT_GT(high, 60);
  EXPECT_NO_THROW(plot({}, {.log_y = true}));
  EXPECT_NO_THROW(plot({{"flat", {1}, {5}}, {"none", {1, 2}, {0, -1}}}, {.log_x = true, .log_y = true}));
  EXPECT_NE(message_of([] { plot({{"bad", {1, 2}, {1}}}); }), "");
  EXPECT_EQ(round_ticks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
}

}  // namespace
}  // namespace hotshot::media
