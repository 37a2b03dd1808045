#include "pipeline/generate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "pipeline/stages.h"
#include "pipeline/test_support.h"

namespace hotshot::pipeline {
namespace {

/// Writes down phases, and asks to stop at one of them.
class Recorder : public Progress {
 public:
  explicit Recorder(std::string stop_in = "") : stop_in_(std::move(stop_in)) {}
  void begin(std::string_view phase, std::int64_t steps) override {
    phases.emplace_back(phase);
    steps_ = steps;
    done_ = 0;
  }
  void advance(std::int64_t done) override {
    EXPECT_EQ(done, done_ + 1);
    EXPECT_LE(done, steps_);
    done_ = done;
  }
  bool cancelled() const override { return !stop_in_.empty() && phases.back() == stop_in_ && done_ >= 1; }

  std::vector<std::string> phases;

 private:
  std::string stop_in_;
  std::int64_t steps_ = 0, done_ = 0;
};

GenerateRequest tiny_request() {
  return {.prompt = "A red cat walks left", .frames = 8, .fps = 8, .size = "64x48", .seed = 7, .steps = 3};
}

std::vector<Made> make(const GenerateRequest& request, Progress* progress = nullptr) {
  const ModelFolder folder = open_model(kTiny);
  std::vector<Made> all;
  generate(
      folder, plan_request(request, folder), [&](Made made) { all.push_back(std::move(made)); }, progress);
  return all;
}

TEST(Generate, MakesWhatWasAsked) {
  Recorder recorder;
  const auto all = make(tiny_request(), &recorder);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].clip.frames.count, 8);
  EXPECT_EQ(all[0].frames_made, 9);
  EXPECT_EQ(all[0].clip.frames.width, 64);
  EXPECT_EQ(all[0].clip.frames.height, 48);
  EXPECT_EQ(all[0].clip.rate, (Rational{8, 1}));
  EXPECT_EQ(recorder.phases,
            (std::vector<std::string>{"loading", "encoding", "loading", "sampling", "loading", "decoding"}));
}

TEST(Generate, TheSameBytesWhateverTheThreadCount) {
  for (const char* dtype : {"fp32", "bf16", "int8"}) {
    GenerateRequest request = tiny_request();
    request.dtype = dtype;
    request.size = "256x192";  // enough work to be split
    request.threads = 1;
    const auto one = make(request);
    for (const int threads : {2, 3}) {
      request.threads = threads;
      EXPECT_EQ(make(request)[0].clip.frames.pixels, one[0].clip.frames.pixels) << dtype << ", " << threads;
    }
  }
}

TEST(Generate, EachOfSeveralIsTheClipOfItsSeed) {
  GenerateRequest request = tiny_request();
  request.count = 2;
  const auto both = make(request);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[1].seed, 8u);
  request.count = 1, request.seed = 8;
  EXPECT_EQ(make(request)[0].clip.frames.pixels, both[1].clip.frames.pixels);
  EXPECT_NE(both[0].clip.frames.pixels, both[1].clip.frames.pixels);
}

TEST(Generate, EverySettingMatters) {
  const auto base = make(tiny_request())[0].clip.frames.pixels;
  const auto changed = [&](const auto& change) {
    GenerateRequest request = tiny_request();
    change(request);
    return make(request)[0].clip.frames.pixels != base;
  };
  EXPECT_TRUE(changed([](auto& r) { r.prompt = "A blue dog runs right"; }));
  EXPECT_TRUE(changed([](auto& r) { r.negative = "night"; }));
  EXPECT_TRUE(changed([](auto& r) { r.guidance = 1.0; }));
  EXPECT_TRUE(changed([](auto& r) { r.steps = 4; }));
  EXPECT_TRUE(changed([](auto& r) { r.shift = 1.0; }));
  EXPECT_TRUE(changed([](auto& r) { r.sampler = "euler"; }));
  EXPECT_FALSE(changed([](auto&) {}));
}

TEST(Generate, StopsWhenAsked) {
  for (const char* phase : {"encoding", "sampling", "decoding"}) {
    Recorder recorder(phase);
    EXPECT_THROW(make(tiny_request(), &recorder), Cancelled) << phase;
  }
}

TEST(Generate, NoiseIsStandardNormalAndOfItsSeedAlone) {
  const std::vector<std::int64_t> shape{1, 16, 7, 16, 16};
  const at::Tensor noise = initial_noise(3, shape);
  EXPECT_TRUE(at::equal(noise, initial_noise(3, shape)));
  EXPECT_FALSE(at::equal(noise, initial_noise(4, shape)));
  EXPECT_NEAR(noise.mean().item<double>(), 0, 0.02);
  EXPECT_NEAR(noise.std().item<double>(), 1, 0.02);
}

}  // namespace
}  // namespace hotshot::pipeline
