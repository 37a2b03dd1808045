#include "media/decode.h"

#include <gtest/gtest.h>

#include <thread>

#include "media/encode.h"
#include "media/test_support.h"

namespace hotshot::media {
namespace {

const char* const kFormats[] = {"mp4", "webm", "gif", "webp", "png", "jpg"};

/// Each frame is one grey, 10 · (index + 1), so a frame says which one it is.
Clip counting(int count, Rational rate) {
  Clip clip{Frames(count, 48, 64), rate};
  for (int i = 0; i < count; ++i) {
    std::fill_n(clip.frames.frame(i), clip.frames.frame_bytes(), static_cast<std::uint8_t>(10 * (i + 1)));
  }
  return clip;
}

std::vector<int> numbers(const Frames& frames) {
  std::vector<int> out;
  for (int i = 0; i < frames.count; ++i) out.push_back(static_cast<int>(std::lround(frames.frame(i)[3000] / 10.0)) - 1);
  return out;
}

TEST(Decode, PicksSpansAndRates) {
  const TestFolder folder;
  for (const std::string extension : {"mp4", "webm", "gif", "webp"}) {
    const auto path = folder / ("n." + extension);
    encode(counting(24, {8, 1}), path);
    EXPECT_EQ(numbers(decode(path, {.start = 1.0, .duration = 0.5}).frames), (std::vector<int>{8, 9, 10, 11}))
        << extension;
    EXPECT_EQ(numbers(decode(path, {.max_frames = 3}).frames), (std::vector<int>{0, 1, 2})) << extension;
    const Clip half = decode(path, {.rate = Rational{4, 1}});
    EXPECT_EQ(half.rate, (Rational{4, 1}));
    EXPECT_EQ(numbers(half.frames), (std::vector<int>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22})) << extension;
    const Clip twice = decode(path, {.start = 2.0, .duration = 0.5, .rate = Rational{16, 1}});
    EXPECT_EQ(numbers(twice.frames), (std::vector<int>{16, 16, 17, 17, 18, 18, 19, 19})) << extension;
    EXPECT_EQ(decode(path, {.rate = Rational{24, 1}}).frames.count, 72) << extension;
    EXPECT_NE(message_of([&] { decode(path, {.start = 100}); }).find("span"), std::string::npos) << extension;
  }
}

TEST(Decode, CoversASize) {
  const TestFolder folder;
  const Clip clip{cartoon(3, 90, 160), {8, 1}};
  for (const std::string extension : {"mp4", "webp"}) {
    encode(clip, folder / ("a." + extension));
    const Frames small = decode(folder / ("a." + extension), {.cover = Size{32, 32}}).frames;
    EXPECT_EQ(small.width, 32);
    EXPECT_EQ(small.height, 32);
    EXPECT_GT(psnr(resize_cover(clip.frames, 32, 32), small), 30) << extension;
    EXPECT_EQ(decode(folder / ("a." + extension), {.cover = Size{300, 200}}).frames.width, 300);
  }
}

TEST(Decode, RefusesWhatIsTooLarge) {
  const TestFolder folder;
  for (const std::string extension : {"mp4", "webm", "gif", "webp"}) {
    const auto path = folder / ("a." + extension);
    encode({cartoon(4, 64, 64), {8, 1}}, path);
    EXPECT_NE(message_of([&] { decode(path, {.max_pixels = 4095}); }).find("4095 pixels"), std::string::npos)
        << extension;
    EXPECT_NE(message_of([&] { decode(path, {.max_bytes = 3 * 64 * 64 * 3}); }).find("bytes"), std::string::npos);
  }
}

TEST(Decode, NeedsNoQuietParent) {
  const TestFolder folder;
  encode({cartoon(6, 48, 64), {8, 1}}, folder / "a.mp4");
  std::vector<std::thread> threads;
  std::array<int, 4> counts{};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 3; ++k) counts[i] += decode(folder / "a.mp4").frames.count;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts, (std::array<int, 4>{18, 18, 18, 18}));
}

TEST(Decode, OtherFilesAreOneClearLine) {
  const TestFolder folder;
  spill(folder / "empty.mp4", "");
  spill(folder / "text.mp4", "Lorem ipsum dolor sit amet, consectetur adipiscing elit.\n");
  std::string noise(20000, '\0');
  std::uint32_t state = 3;
  for (char& c : noise) state = state * 1664525u + 1013904223u, c = static_cast<char>(state >> 24);
  spill(folder / "noise.webm", noise);
  spill(folder / "list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n");
  spill(folder / "concat.txt", "ffconcat version 1.0\nfile /etc/hostname\n");
  for (const char* name : {"empty.mp4", "text.mp4", "noise.webm", "list.m3u8", "concat.txt", "missing.gif", "."}) {
    const auto path = folder / name;
    for (const std::string& message : {message_of([&] { probe(path); }), message_of([&] { decode(path); })}) {
      EXPECT_NE(message.find(path.string()), std::string::npos) << name << ": " << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }
}

TEST(Decode, CutFilesAreRefusedOrShorter) {
  const TestFolder folder;
  for (const std::string extension : kFormats) {
    const Clip clip{cartoon(in_one_file(extension, 8), 48, 64), {8, 1}};
    encode(clip, folder / ("a." + extension));
    const std::string good = slurp(folder / ("a." + extension));
    for (int i = 0; i < 16; ++i) {
      spill(folder / "cut", good.substr(0, good.size() * i / 16));
      const std::string strict = message_of([&] { decode(folder / "cut"); });
      // A WebM cut between two clusters is a shorter WebM; the others know their length.
      EXPECT_TRUE(extension == "webm" || !strict.empty()) << extension << " cut to " << i << "/16";
      message_of([&] { EXPECT_LE(decode(folder / "cut", {.strict = false}).frames.count, 8); });
      message_of([&] { probe(folder / "cut"); });
    }
  }
}

TEST(Decode, ChangedBytesNeverDoHarm) {
  const TestFolder folder;
  const SandboxLimits limits{.memory_bytes = 256u << 20, .cpu_seconds = 5, .wall_seconds = 10};
  std::uint32_t state = 99;
  const auto draw = [&state] { return state = state * 1664525u + 1013904223u, state >> 8; };
  for (const std::string extension : kFormats) {
    encode({cartoon(in_one_file(extension, 5), 32, 48), {8, 1}}, folder / ("a." + extension));
    const std::string good = slurp(folder / ("a." + extension));
    for (int i = 0; i < 24; ++i) {
      std::string bad = good;
      const bool header_only = i % 2;
      for (std::uint32_t k = 0; k < 1 + draw() % 8; ++k) {
        bad[draw() % (header_only ? std::min<std::size_t>(bad.size(), 600) : bad.size())] = static_cast<char>(draw());
      }
      spill(folder / "bad", bad);
      // Anything but frames or InvalidArgument fails the test.
      message_of([&] { probe(folder / "bad", limits); });
      message_of([&] {
        decode(folder / "bad", {.max_frames = 50, .max_pixels = 1 << 20, .strict = i % 4 < 2, .limits = limits});
      });
    }
  }
}

}  // namespace
}  // namespace hotshot::media
