#include "data/file_clips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/test_support.h"

namespace hotshot::data {
namespace {

namespace fs = std::filesystem;

// A picture here is a text file "WIDTH HEIGHT GREY".
struct Drawn {
  int width = 0, height = 0, grey = 0;
};

Drawn read_drawn(const fs::path& path) {
  std::ifstream in(path);
  Drawn drawn;
  in >> drawn.width >> drawn.height >> drawn.grey;
  require(bool(in), "test", "expected a picture but '{}' is none", path.string());
  return drawn;
}

PictureReader reader() {
  return {.size =
              [](const fs::path& path) {
                const Drawn drawn = read_drawn(path);
                return PictureSize{drawn.width, drawn.height};
              },
          .cover =
              [](const fs::path& path, int height, int width) {
                Frames frame(1, height, width);
                std::fill(frame.pixels.begin(), frame.pixels.end(), static_cast<std::uint8_t>(read_drawn(path).grey));
                return frame;
              }};
}

void draw(const fs::path& path, int width, int height, int grey) {
  fs::create_directories(path.parent_path());
  write_file(path, fmt::format("{} {} {}", width, height, grey));
}

void sample(const fs::path& place, int frames, int width, int height, const std::string& prompt) {
  for (int i = 0; i < frames; ++i) draw(place / fmt::format("{}.png", i), width, height, i);
  write_file(place / "prompt.txt", prompt);
}

Bucket bucket(int frames, int width, int height) {
  return {.frames = frames, .height = height, .width = width, .batch = 1};
}

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (const fs::path& path : paths) names.push_back(path.filename().string());
  return names;
}

TEST(NaturalLess, NumbersByTheirValue) {
  const std::vector<std::string> sorted{
      "",      "01", "2",       "10",      "99999999999999999999", "100000000000000000000", "a", "a1b2",
      "a1b10", "a2", "f-9.png", "f-10.png"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      EXPECT_EQ(natural_less(sorted[i], sorted[j]), i < j) << sorted[i] << " " << sorted[j];
    }
  }
  EXPECT_NE(natural_less("1", "01"), natural_less("01", "1"));  // an order, whatever it is
}

TEST(ReadSamples, FramesComeInNaturalOrderAndHiddenOnesNotAtAll) {
  const TestFolder folder;
  for (const char* name : {"f10.png", "f2.PNG", "f1.jpg", ".f0.png", "notes.md"}) draw(folder / "b/" / name, 8, 8, 1);
  fs::create_directories(folder / "b/f3.png");  // a folder that is called like a picture
  write_file(folder / "b/prompt.txt", "\xEF\xBB\xBF a cat runs, \xE7\x8C\xAB\r\n\n");
  sample(folder / "a10", 1, 8, 8, "second");
  sample(folder / "a9", 1, 8, 8, "first");
  fs::create_directories(folder / ".hidden");
  write_file(folder / "readme.txt", "not a sample");
  const std::vector<Sample> samples = read_samples(folder.path());
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].prompt, "first");
  EXPECT_EQ(samples[1].prompt, "second");
  EXPECT_EQ(samples[2].prompt, "a cat runs, \xE7\x8C\xAB");
  EXPECT_EQ(names(samples[2].frames), (std::vector<std::string>{"f1.jpg", "f2.PNG", "f10.png"}));
}

TEST(ReadSamples, WhatIsNoSampleIsRefusedByName) {
  const TestFolder folder;
  const auto refusal = [&] { return message_of([&] { read_samples(folder.path()); }); };
  EXPECT_NE(refusal().find("expected folders of frames"), std::string::npos) << refusal();
  EXPECT_NE(message_of([&] { read_samples(folder / "nowhere"); }).find("nowhere"), std::string::npos);
  fs::create_directories(folder / "clip");
  EXPECT_NE(refusal().find("expected pictures in"), std::string::npos) << refusal();
  draw(folder / "clip/0.png", 8, 8, 0);
  EXPECT_NE(refusal().find("expected prompt.txt"), std::string::npos) << refusal();
  for (const std::string& prompt : {std::string(" \n"), std::string("caf\xE9"), std::string(20'000, 'x')}) {
    write_file(folder / "clip/prompt.txt", prompt);
    EXPECT_NE(refusal().find("prompt.txt"), std::string::npos) << refusal();
  }
}

TEST(ReadSamples, HostileNamesAreJustNames) {
  const TestFolder folder;
  const std::string long_name(200, '9');
  for (const std::string& name : {std::string("a\nb"), std::string("..."), std::string("-rf"), std::string("\xFF\xFE"),
                                  std::string("{}%s"), long_name}) {
    if (name.starts_with(".")) continue;
    draw(folder / name / (long_name + ".png"), 8, 8, 7);
    draw(folder / name / "{}\n.png", 8, 8, 7);
    write_file(folder.path() / name / "prompt.txt", "x");
  }
  fs::create_symlink("/dev/zero", folder / "-rf/zero.png");
  fs::create_symlink("nowhere", folder / "-rf/broken.png");
  const std::vector<Sample> samples = read_samples(folder.path());
  ASSERT_EQ(samples.size(), 5u);
  for (const Sample& sample : samples) EXPECT_EQ(sample.frames.size(), 2u) << sample.place;
  EXPECT_EQ(FileClips(samples, {bucket(2, 8, 8)}, reader()).count(0), 5);
}

TEST(FileClips, SamplesGoToTheNearestShapeTheyFill) {
  const TestFolder folder;
  sample(folder / "1-wide", 6, 640, 320, "wide");
  sample(folder / "2-tall", 4, 100, 210, "tall");
  sample(folder / "3-square", 4, 300, 310, "square");
  sample(folder / "4-picture", 1, 310, 300, "picture");
  const std::vector<Bucket> buckets{bucket(4, 16, 16), bucket(4, 32, 16), bucket(4, 16, 32), bucket(1, 16, 16),
                                    bucket(2, 32, 16)};
  const FileClips clips(read_samples(folder.path()), buckets, reader());
  const std::vector<std::int64_t> counts{1, 1, 1, 1, 0};
  for (std::size_t i = 0; i < counts.size(); ++i) EXPECT_EQ(clips.count(i), counts[i]) << i;
  EXPECT_EQ(clips.caption(0, 0, 9), "square");
  EXPECT_EQ(clips.caption(1, 0, 9), "wide");
  EXPECT_EQ(clips.caption(2, 0, 9), "tall");
  EXPECT_EQ(clips.caption(3, 0, 9), "picture");
  const Frames wide = clips.clips(1, 0, 1).front();
  EXPECT_EQ(wide.count, 4);
  EXPECT_EQ(wide.width, 32);
  for (int t = 0; t < 4; ++t) EXPECT_EQ(*wide.frame(t), 1 + t);  // the middle four of six
}

TEST(FileClips, FramingIsWhatWasCutOffAfterScaling) {
  const TestFolder folder;
  sample(folder / "clip", 1, 640, 360, "x");
  const FileClips clips(read_samples(folder.path()), {bucket(1, 32, 32)}, reader());
  const Framing framing = clips.framing(0, 0);
  EXPECT_EQ(framing.original_width, 640);
  EXPECT_EQ(framing.original_height, 360);
  EXPECT_EQ(framing.crop_left, 12.5);  // 57 × 32
  EXPECT_EQ(framing.crop_top, 0);
}

TEST(FileClips, UnequalAndMissingFramesAreRefused) {
  const TestFolder folder;
  sample(folder / "clip", 3, 64, 64, "x");
  draw(folder / "clip/1.png", 64, 65, 0);
  const auto made = [&] { FileClips(read_samples(folder.path()), {bucket(3, 16, 16)}, reader()); };
  EXPECT_NE(message_of(made).find("frames of one size, 64x64, but"), std::string::npos) << message_of(made);
  fs::remove(folder / "clip/1.png");
  EXPECT_NE(message_of(made).find("has 2"), std::string::npos) << message_of(made);
  EXPECT_NE(message_of([&] { FileClips(read_samples(folder.path()), {bucket(1, 16, 16)}, {}); }).find("reads pictures"),
            std::string::npos);
}

TEST(FileClips, TheDigestIsOfPicturesAndPrompts) {
  const TestFolder folder;
  sample(folder / "clip", 2, 64, 64, "x");
  const auto digest = [&] { return FileClips(read_samples(folder.path()), {bucket(2, 16, 16)}, reader()).digest(0); };
  const std::string first = digest();
  EXPECT_EQ(digest(), first);
  write_file(folder / "clip/prompt.txt", "y");
  const std::string second = digest();
  EXPECT_NE(second, first);
  draw(folder / "clip/1.png", 64, 64, 200);
  EXPECT_NE(digest(), second);
}

TEST(ReadPictures, EachHasItsOwnWordsOrThoseOfAll) {
  const TestFolder folder;
  for (const char* name : {"10.png", "9.jpg"}) draw(folder / name, 8, 8, 1);
  write_file(folder / "9.txt", "sks dog at the sea");
  const std::vector<Sample> samples = read_pictures(folder.path(), "a photo of sks dog");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].prompt, "sks dog at the sea");
  EXPECT_EQ(samples[1].prompt, "a photo of sks dog");
  EXPECT_NE(message_of([&] { read_pictures(folder.path(), ""); }).find("10.png"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::data
