// Clips that begin with given frames, made by a model that was trained to go on from them.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/options.h"
#include "media/decode.h"
#include "media/encode.h"
#include "pipeline/footage.h"
#include "pipeline/generate.h"
#include "pipeline/test_support.h"
#include "weights/safetensors.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

class Continuation : public testing::Test {
 protected:
  void SetUp() override {
    fs::copy(kTiny, path(), fs::copy_options::recursive);
    nlohmann::json index = read_json(path() / "model_index.json");
    index["expand_timesteps"] = true;
    write_file(path() / "model_index.json", index.dump());
  }

  fs::path path() const { return folder_ / "tiny"; }

  // A file of `count` frames, each of one shade of `hue`, brighter with each.
  std::string file(const std::string& name, int count, int hue) const {
    Frames frames(count, 48, 64);
    for (int i = 0; i < count; ++i) {
      for (std::size_t p = 0; p < frames.frame_bytes(); ++p) {
        frames.frame(i)[p] = static_cast<std::uint8_t>(p % 3 == static_cast<std::size_t>(hue) ? 250 : 10 * (i + 1));
      }
    }
    media::encode({frames, {8, 1}}, folder_ / name, {.quality = 100});
    return (folder_ / name).string();
  }

  static GenerateRequest asked(const std::string& image) {
    GenerateRequest request{.prompt = "A red cat walks left",
                            .frames = 12,
                            .fps = 8,
                            .size = "64x48",
                            .seed = 7,
                            .steps = 3,
                            .dtype = "fp32"};
    request.files.image = image;
    return request;
  }

  Frames made(const GenerateRequest& request) const {
    const ModelFolder folder = open_model(path());
    Frames frames;
    generate(
        folder, plan_request(request, folder), [&](Made made) { frames = made.clip.frames; }, nullptr);
    return frames;
  }

  // Frames as the autoencoder keeps them.
  Frames kept(const Frames& frames) const {
    const ModelFolder folder = open_model(path());
    return folder.family->round_trip(folder, plan_request(asked(""), folder))(frames);
  }

  // The largest difference between a byte of one frame and that of another.
  static int difference(const Frames& a, int i, const Frames& b, int j) {
    int most = 0;
    for (std::size_t p = 0; p < a.frame_bytes(); ++p) most = std::max(most, std::abs(a.frame(i)[p] - b.frame(j)[p]));
    return most;
  }

  const TestFolder folder_;
};

TEST_F(Continuation, BeginsWithThePicture) {
  const std::string picture = file("red.png", 1, 0);
  const Frames clip = made(asked(picture));
  ASSERT_EQ(clip.count, 12);
  EXPECT_EQ(difference(clip, 0, kept(read_ending(picture, {64, 48}, 8, 4, 9)), 0), 0);
  // What follows is made from it.
  const Frames other = made(asked(file("blue.png", 1, 2)));
  EXPECT_GT(difference(clip, 11, other, 11), 5);
  EXPECT_GT(difference(clip, 11, made(asked("")), 11), 5);
}

// diffusers' image-to-video pipeline, from the same noise (tests/golden/make_continuation.py). It lets the noise of the
// given frame run along and throws it away at the end; the frames that are made do not see it.
TEST_F(Continuation, EqualsTheReference) {
  const at::NoGradGuard no_grad;
  const auto golden = weights::read_safetensors(kTiny / "continuation.safetensors").tensors;
  const nlohmann::json settings = read_json(kTiny / "golden.json");
  const at::Tensor& picture = golden.at("picture_hwc");
  Frames frames(1, static_cast<int>(picture.size(0)), static_cast<int>(picture.size(1)));
  std::copy_n(picture.data_ptr<std::uint8_t>(), frames.frame_bytes(), frames.frame(0));
  media::encode({frames, {8, 1}}, folder_ / "picture.png");

  GenerateRequest request{.prompt = settings["prompts"]["en"],
                          .negative = settings["negative"],
                          .frames = settings["frames"].get<int>(),
                          .fps = 8,
                          .size = fmt::format("{}x{}", frames.width, frames.height),
                          .seed = 1,
                          .steps = settings["steps"].get<int>(),
                          .guidance = settings["guidance"].get<double>(),
                          .dtype = "fp32"};
  request.files.image = (folder_ / "picture.png").string();
  const ModelFolder folder = open_model(path());
  const Plan plan = plan_request(request, folder);
  const auto run = folder.family->begin(folder, plan, nullptr);
  const auto answer = [&](const at::Tensor& x, const diffusion::DenoiserCall& call) { return run->answer(x, call); };
  const at::Tensor latents =
      diffusion::sample(plan.sampler, answer, golden.at("noise_bcthw"), plan.schedule, plan.sampler_options,
                        [&](const diffusion::StepResult& step) { run->after_step(step); });
  const at::Tensor& expected = golden.at("latents_bcthw");
  const double largest = expected.abs().max().item<double>();
  EXPECT_LT((latents - expected).abs().max().item<double>(), 1e-3 * largest);
}

TEST_F(Continuation, GoesOnFromTheEndOfAClip) {
  const std::string before = file("clip.webp", 15, 1);
  const Frames ending = read_ending(before, {64, 48}, 8, 4, 9);
  ASSERT_EQ(ending.count, 9);
  const Frames whole = media::decode(before).frames;
  for (int i = 0; i < 9; ++i) EXPECT_NEAR(ending.frame(i)[0], whole.frame(6 + i)[0], 2) << i;
  const Frames clip = made(asked(before)), expected = kept(ending);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(difference(clip, i, expected, i), 0) << i;
  // A short one gives what it has, and one latent frame is always left to make.
  EXPECT_EQ(read_ending(file("short.webp", 7, 1), {64, 48}, 8, 4, 9).count, 5);
  GenerateRequest brief = asked(before);
  brief.frames = 5;
  EXPECT_EQ(difference(made(brief), 0, kept(read_ending(before, {64, 48}, 8, 4, 1)), 0), 0);
}

TEST_F(Continuation, IsRefusedWhereItCannotBe) {
  const std::string picture = file("red.png", 1, 0);
  const auto complaint = [](const fs::path& model, const GenerateRequest& request) {
    return message_of([&] { plan_request(request, open_model(model)); });
  };
  EXPECT_NE(complaint(kTiny, asked(picture)).find("not trained to go on"), std::string::npos);
  GenerateRequest still = asked(picture);
  still.frames = 1;
  EXPECT_NE(complaint(path(), still).find("[image]"), std::string::npos);
  GenerateRequest masked = asked(picture);
  masked.files.mask = picture;
  EXPECT_NE(complaint(path(), masked).find("other files"), std::string::npos);
  EXPECT_NE(complaint(path(), asked((folder_ / "none.png").string())), "");
}

}  // namespace
}  // namespace hotshot::pipeline
