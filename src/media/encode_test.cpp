#include "media/encode.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <map>
#include <tuple>

#include "base/error.h"
#include "media/decode.h"
#include "media/png.h"
#include "media/test_support.h"

namespace hotshot::media {
namespace {

const char* const kMoving[] = {"mp4", "webm", "gif", "webp"};

TEST(Encode, RoundTripsKeepCountSizeRateAndLooks) {
  const TestFolder folder;
  const Clip clip{cartoon(25, 96, 128), {8, 1}};
  const std::map<std::string, double> least{{"mp4", 36}, {"webm", 35}, {"gif", 34}, {"webp", 34}};
  for (const auto& [extension, bound] : least) {
    const auto path = folder / ("clip." + extension);
    const auto written = encode(clip, path);
    ASSERT_EQ(written.size(), 1u);
    EXPECT_EQ(written[0], path);
    const Probe facts = probe(path);
    EXPECT_EQ(facts.frames, 25) << extension;
    EXPECT_TRUE(facts.frames_exact) << extension;
    EXPECT_EQ(facts.width, 128) << extension;
    EXPECT_EQ(facts.height, 96) << extension;
    EXPECT_EQ(facts.rate, (Rational{8, 1})) << extension << " " << facts.rate.num << "/" << facts.rate.den;
    EXPECT_NEAR(facts.seconds, 3.125, extension == "gif" ? 0.006 : 1e-9) << extension;
    EXPECT_FALSE(facts.has_audio);
    const Clip back = decode(path);
    EXPECT_EQ(back.rate, clip.rate);
    const double quality = psnr(clip.frames, back.frames);
    EXPECT_GT(quality, bound) << extension;
    RecordProperty("psnr_" + extension, std::to_string(quality));
  }
}

TEST(Encode, KeepsRationalRatesAndIdenticalFrames) {
  const TestFolder folder;
  Clip clip{Frames(30, 32, 48), {0, 1}};  // all black
  for (const Rational rate :
       {Rational{24, 1}, Rational{16, 1}, Rational{25, 2}, Rational{30000, 1001}, Rational{5, 1}}) {
    clip.rate = rate;
    for (const std::string extension : kMoving) {
      const auto path = folder / ("still." + extension);
      encode(clip, path);
      const Probe facts = probe(path);
      EXPECT_EQ(facts.frames, 30) << extension << " at " << rate.num << "/" << rate.den;
      // 30 frames in 1/100 s are too few to tell 30000/1001 from 30.
      if (rate.den != 1001 || extension == "mp4" || extension == "webm") {
        EXPECT_EQ(facts.rate, rate) << extension << " says " << facts.rate.num << "/" << facts.rate.den;
      }
      EXPECT_EQ(decode(path).frames.count, 30) << extension;
    }
  }
}

TEST(Encode, WebpKeepsFramesThatRepeatInTheMiddle) {
  const TestFolder folder;
  const Frames moving = cartoon(6, 64, 64);
  const int order[] = {0, 0, 1, 1, 1, 2, 5, 5, 0, 0};
  Clip clip{Frames(10, 64, 64), {24, 1}};
  for (int i = 0; i < 10; ++i) std::copy_n(moving.frame(order[i]), moving.frame_bytes(), clip.frames.frame(i));
  encode(clip, folder / "a.webp", {.quality = 100});
  const Clip back = decode(folder / "a.webp");
  ASSERT_EQ(back.frames.count, 10);
  EXPECT_EQ(back.frames.pixels, clip.frames.pixels);  // lossless
}

TEST(Encode, Mp4IsYuv420pH264WithTheIndexFirst) {
  const TestFolder folder;
  encode({cartoon(10, 64, 64), {24, 1}}, folder / "a.mp4");
  const Probe facts = probe(folder / "a.mp4");
  EXPECT_EQ(facts.codec, "h264");
  EXPECT_EQ(facts.pixel_format, "yuv420p");
  const std::string bytes = slurp(folder / "a.mp4");
  const std::size_t moov = bytes.find("moov"), mdat = bytes.find("mdat");
  ASSERT_NE(moov, std::string::npos);
  ASSERT_NE(mdat, std::string::npos);
  EXPECT_LT(moov, mdat);
  const std::size_t colour = bytes.find("colrnclx");
  ASSERT_NE(colour, std::string::npos);
  EXPECT_EQ(bytes.substr(colour + 8, 7), std::string("\0\1\0\1\0\1\0", 7));  // BT.709 three times, limited range
  encode({cartoon(10, 64, 64), {24, 1}}, folder / "a.webm");
  EXPECT_EQ(probe(folder / "a.webm").codec, "vp9");
}

TEST(Encode, OddSizesArePaddedOnlyWhere420NeedsIt) {
  const TestFolder folder;
  const Clip clip{cartoon(3, 33, 51), {8, 1}};
  for (const std::string extension : kMoving) {
    const auto path = folder / ("odd." + extension);
    encode(clip, path);
    const Probe facts = probe(path);
    EXPECT_EQ(facts.width, extension == "mp4" ? 52 : 51);
    EXPECT_EQ(facts.height, extension == "mp4" ? 34 : 33);
  }
  const Frames back = decode(folder / "odd.mp4").frames;
  const std::uint8_t* last = back.frame(0) + 3 * 51;  // the repeated column looks like its neighbour
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(last[k], last[k - 3], 6);
  encode({cartoon(2, 1, 1), {8, 1}}, folder / "tiny.mp4");
  EXPECT_EQ(probe(folder / "tiny.mp4").width, 2);
  for (const std::string extension : {"webm", "gif", "webp", "png", "jpg"}) {
    EXPECT_NO_THROW(encode({cartoon(1, 1, 1), {8, 1}}, folder / ("tiny." + extension))) << extension;
  }
}

TEST(Encode, JpegIsAsGoodAsItIsAsked) {
  const TestFolder folder;
  const Clip clip{cartoon(1, 96, 128), {8, 1}};
  double before = 0;
  for (const auto& [quality, least, format] : {std::tuple{0, 18.0, "yuvj420p"},
                                               {80, 33.0, "yuvj420p"},
                                               {89, 34.0, "yuvj420p"},
                                               {90, 40.0, "yuvj444p"},
                                               {100, 50.0, "yuvj444p"}}) {
    encode(clip, folder / "a.jpg", {.quality = quality});
    const Probe facts = probe(folder / "a.jpg");
    EXPECT_EQ(facts.codec, "mjpeg");
    EXPECT_EQ(facts.pixel_format, format) << quality;
    EXPECT_EQ(facts.frames, 1);
    EXPECT_TRUE(facts.frames_exact);
    EXPECT_EQ(facts.rate, (Rational{1, 1}));
    EXPECT_EQ(facts.seconds, 0);
    const double found = psnr(clip.frames, decode(folder / "a.jpg").frames);
    EXPECT_GT(found, least) << quality;
    EXPECT_GT(found, before) << quality;
    before = found;
  }
}

TEST(Encode, JpegFramesAreNumbered) {
  const TestFolder folder;
  const Clip clip{cartoon(3, 33, 51), {8, 1}};
  const auto files = encode(clip, folder / "a.JPEG", {.recipe = "{}", .quality = 95});
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[2], folder / "a_0003.JPEG");
  Frames third(1, 33, 51);
  std::copy_n(clip.frames.frame(2), third.pixels.size(), third.pixels.data());
  EXPECT_GT(psnr(third, decode(files[2]).frames), 35);
  EXPECT_EQ(encode(clip, folder / "x%d.jpg")[1], folder / "x2.jpg");
}

TEST(Encode, PngFramesAreNumberedAndExact) {
  const TestFolder folder;
  const Clip clip{cartoon(3, 20, 30), {8, 1}};
  const auto files = encode(clip, folder / "out.png", {.recipe = "{}"});
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[2], folder / "out_0003.png");
  const Frames third = read_png(files[2]);
  EXPECT_TRUE(std::equal(third.pixels.begin(), third.pixels.end(), clip.frames.frame(2)));
  EXPECT_EQ(encode(clip, folder / "x%02d.png")[0], folder / "x01.png");
  EXPECT_EQ(encode({cartoon(1, 20, 30), {8, 1}}, folder / "one.png")[0], folder / "one.png");
  EXPECT_EQ(folder.files(), 7);
  EXPECT_NE(message_of([&] { encode(clip, folder / "a%s.png"); }), "");
}

// Also where the heap holds other leftovers: x264 has been caught reading memory it never set.
TEST(Encode, SameClipSameBytes) {
  const TestFolder folder;
  for (const auto& [height, width] : {std::pair{64, 80}, {33, 51}}) {
    const Clip clip{cartoon(12, height, width), {8, 1}};
    for (const std::string extension : {"mp4", "webm", "gif", "webp", "png", "jpg"}) {
      const auto once = encode(clip, folder / ("a." + extension), {.recipe = "{\"seed\":1}"});
      ::mallopt(M_PERTURB, 85);
      const auto again = encode(clip, folder / ("b." + extension), {.recipe = "{\"seed\":1}"});
      ::mallopt(M_PERTURB, 0);
      for (std::size_t i = 0; i < once.size(); ++i) EXPECT_TRUE(slurp(once[i]) == slurp(again[i])) << extension;
    }
  }
}

TEST(Encode, RefusesWhatCannotWork) {
  const TestFolder folder;
  const Clip clip{cartoon(2, 16, 16), {8, 1}};
  EXPECT_NE(message_of([&] { encode(clip, folder / "a.avi"); }).find("webm"), std::string::npos);
  EXPECT_NE(message_of([&] { encode(clip, folder / "noextension"); }).find("mp4"), std::string::npos);
  EXPECT_NE(message_of([&] { encode({}, folder / "a.mp4"); }), "");
  EXPECT_NE(message_of([&] { encode({cartoon(1, 8, 8), {0, 1}}, folder / "a.mp4"); }), "");
  EXPECT_NE(message_of([&] { encode({cartoon(1, 8, 8), {60, 1}}, folder / "a.gif"); }).find("50"), std::string::npos);
  EXPECT_NE(message_of([&] { encode(clip, folder / "a.mp4", {.recipe = "bad \xFF"}); }), "");
  EXPECT_NE(message_of([&] { encode(clip, folder / "a.mp4", {.quality = 101}); }), "");
  for (const std::string extension : {"mp4", "webm", "gif", "webp", "png", "jpg"}) {
    EXPECT_NE(message_of([&] { encode(clip, folder / ("missing/a." + extension)); }), "") << extension;
  }
  EXPECT_EQ(folder.files(), 0);
}

class StopAt : public Progress {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  void begin(std::string_view, std::int64_t) override {}
  void advance(std::int64_t done) override { done_ = done; }
  bool cancelled() const override { return done_ >= step_; }

 private:
  std::int64_t step_, done_ = 0;
};

TEST(Encode, CancelLeavesNothing) {
  const TestFolder folder;
  for (const std::string extension : {"mp4", "webm", "gif", "webp", "png", "jpg"}) {
    StopAt progress(3);
    EXPECT_THROW(encode({cartoon(8, 32, 32), {8, 1}}, folder / ("a." + extension), {}, &progress), Cancelled);
  }
  EXPECT_EQ(folder.files(), 0);
}

TEST(Encode, FullDiskIsAnErrorAndLeavesNothing) {
  const TestFolder folder;
  const Clip clip{cartoon(20, 160, 160), {8, 1}};
  const std::string recipe(9000, 'x');  // larger than the disk, whatever the pictures shrink to
  for (const std::string extension : {"mp4", "webm", "gif", "webp", "png", "jpg"}) {
    const pid_t child = ::fork();
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit small{8000, 8000};
      ::setrlimit(RLIMIT_FSIZE, &small);
      int code = 1;
      try {
        encode(clip, folder / ("a." + extension), {.recipe = recipe});
      } catch (const InvalidArgument&) {
        code = 2;
      } catch (const std::runtime_error&) {
        code = 0;
      }
      ::_exit(code);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << extension << " " << status;
    EXPECT_EQ(folder.files(), 0) << extension;
  }
}

}  // namespace
}  // namespace hotshot::media
