#include "media/jpeg.h"

#include <gtest/gtest.h>

#include "media/decode.h"
#include "media/encode.h"
#include "media/test_support.h"

namespace hotshot::media {
namespace {

/// A number in `bytes` bytes, the highest first where `big`.
std::string number(std::uint32_t value, int bytes, bool big) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i) & 255);
  return out;
}

std::string segment(char marker, const std::string& content) {
  return std::string("\xFF") + marker + number(static_cast<std::uint32_t>(content.size()) + 2, 2, true) + content;
}

/// An APP1 segment of Exif whose first directory has another tag and an Orientation.
std::string exif(int orientation, bool big) {
  const auto entry = [&](std::uint32_t tag, std::uint32_t type, std::uint32_t value, int bytes) {
    return number(tag, 2, big) + number(type, 2, big) + number(1, 4, big) + number(value, bytes, big) +
           std::string(static_cast<std::size_t>(4 - bytes), '\0');
  };
  return segment('\xE1', std::string("Exif\0", 6) + (big ? "MM" : "II") + number(42, 2, big) + number(8, 4, big) +
                             number(2, 2, big) + entry(0x0100, 4, 99, 4) +
                             entry(0x0112, 3, static_cast<std::uint32_t>(orientation), 2) + number(0, 4, big));
}

/// A JPEG of 24 by 16 pixels, its corners red, green, blue and white from the top left clockwise.
std::string corners(const TestFolder& folder) {
  Clip clip{Frames(1, 16, 24), {8, 1}};
  const std::uint8_t colours[2][2][3] = {{{255, 0, 0}, {0, 255, 0}}, {{255, 255, 255}, {0, 0, 255}}};
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 24; ++x) std::copy_n(colours[y / 8][x / 12], 3, clip.frames.frame(0) + (y * 24 + x) * 3);
  }
  encode(clip, folder / "plain.jpg", {.quality = 100});
  return slurp(folder / "plain.jpg");
}

/// The corners of a picture as letters, from the top left clockwise.
std::string seen(const Frames& picture) {
  const auto letter = [&](int y, int x) {
    const std::uint8_t* pixel = picture.frame(0) + (y * picture.width + x) * 3;
    const bool r = pixel[0] > 128, g = pixel[1] > 128, b = pixel[2] > 128;
    return r && g && b ? 'w' : r ? 'r' : g ? 'g' : 'b';
  };
  const int bottom = picture.height - 2, right = picture.width - 2;
  return {letter(1, 1), letter(1, right), letter(bottom, right), letter(bottom, 1)};
}

TEST(Jpeg, IsTurnedAsItsExifAsks) {
  const TestFolder folder;
  const std::string good = corners(folder);
  // CIPA DC-008, 4.6.4 A: where row 0 and column 0 of the stored picture are seen.
  const char* const expected[] = {"rgbw", "rgbw", "grwb", "bwrg", "wbgr", "rwbg", "wrgb", "bgrw", "gbwr", "rgbw"};
  for (const bool big : {true, false}) {
    for (int orientation = 0; orientation < 10; ++orientation) {
      const auto path = folder.file("turned.jpg", good.substr(0, 20) + exif(orientation, big) + good.substr(20));
      const Frames picture = decode(path).frames;
      EXPECT_EQ(seen(picture), expected[orientation]) << orientation;
      const bool on_its_side = orientation >= 5 && orientation <= 8;
      const Probe facts = probe(path);
      EXPECT_EQ(facts.width, on_its_side ? 16 : 24) << orientation;
      EXPECT_EQ(facts.coded_width, 24);
      EXPECT_EQ(picture.width, facts.width);
      EXPECT_EQ(picture.height, facts.height);
    }
  }
}

TEST(Jpeg, ExifThatMakesNoSenseTurnsNothing) {
  const TestFolder folder;
  const std::string good = corners(folder), tags = exif(6, true);
  EXPECT_EQ(jpeg_orientation(ByteReader(folder.file("a", good.substr(0, 20) + tags + good.substr(20)))).degrees(), 90);
  for (std::size_t cut = 10; cut < tags.size() - 10; ++cut) {
    const std::string short_tags = segment('\xE1', tags.substr(4, cut - 4));
    const ByteReader file(folder.file("a", good.substr(0, 20) + short_tags + good.substr(20)));
    EXPECT_TRUE(jpeg_orientation(file).degrees() == 0 || cut > 44) << cut;
  }
  std::uint32_t state = 3;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good.substr(0, 20) + tags + good.substr(20);
    for (int k = 0; k < 3; ++k) {
      state = state * 1664525u + 1013904223u;
      bad[2 + (state >> 8) % 120] = static_cast<char>(state >> 24);
    }
    jpeg_orientation(ByteReader(folder.file("a", bad)));  // no harm and no error
  }
}

TEST(Jpeg, IsCompleteUpToItsEnd) {
  const TestFolder folder;
  const std::string good = corners(folder);
  const auto refused = [&](const std::string& bytes) {
    return message_of([&] { check_jpeg_complete(ByteReader(folder.file("a", bytes))); });
  };
  EXPECT_EQ(refused(good), "");
  EXPECT_EQ(refused(good + "something behind it"), "");
  for (std::size_t cut = 3; cut < good.size(); ++cut) EXPECT_NE(refused(good.substr(0, cut)), "") << cut;
  // A scan longer than what is read at once, and a marker across the border.
  const std::string scan = good.substr(0, 2) + segment('\xDA', "scan");
  for (std::size_t length = (64 << 10) - 3; length < (64 << 10) + 3; ++length) {
    EXPECT_EQ(refused(scan + std::string(length, 'x') + "\xFF\xD9"), "") << length;
    EXPECT_NE(refused(scan + std::string(length, 'x') + "\xFF"), "") << length;
  }
  EXPECT_NE(refused(scan + std::string("x\xFF\x00x\xFF\xD3x\xFF", 8)), "");
}

}  // namespace
}  // namespace hotshot::media
