#include "pipeline/journal.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "base/error.h"
#include "base/test_support.h"
#include "pipeline/generate.h"
#include "pipeline/test_support.h"

namespace hotshot::pipeline {
namespace {

const std::vector<std::int64_t> kShape{1, 2, 3, 2, 2};

at::Tensor answer(int value) { return at::full(kShape, value * 0.1f); }

void fill(const std::filesystem::path& path, int count) {
  Journal journal(path, "digest", kShape);
  for (int i = 0; i < count; ++i) journal.remember(answer(i));
}

TEST(Journal, GivesBackWhatItWasGiven) {
  const TestFolder folder;
  fill(folder / "j", 3);
  Journal journal(folder / "j", "digest", kShape);
  ASSERT_EQ(journal.known(), 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(at::equal(journal.recall(i), answer(i))) << i;
  EXPECT_THROW(journal.recall(3), InvalidArgument);
  journal.remember(answer(3));
  EXPECT_EQ(Journal(folder / "j", "digest", kShape).known(), 4);
}

TEST(Journal, OfAnotherDigestOrShapeIsForgotten) {
  const TestFolder folder;
  fill(folder / "j", 3);
  EXPECT_EQ(Journal(folder / "j", "other", kShape).known(), 0);
  fill(folder / "j", 3);
  EXPECT_EQ(Journal(folder / "j", "digest", {1, 2, 3, 2, 3}).known(), 0);
}

TEST(Journal, EndsAtTheFirstDamagedOrCutRecord) {
  const TestFolder folder;
  fill(folder / "j", 3);
  const auto size = std::filesystem::file_size(folder / "j");
  for (const std::uintmax_t cut :
       {size - 1, size - 60, size / 2, std::uintmax_t{70}, std::uintmax_t{10}, std::uintmax_t{0}}) {
    fill(folder / "j", 0);
    fill(folder / "k", 3);
    std::filesystem::resize_file(folder / "k", cut);
    Journal journal(folder / "k", "digest", kShape);
    EXPECT_LT(journal.known(), 3) << cut;
    for (std::int64_t i = 0; i < journal.known(); ++i)
      EXPECT_TRUE(at::equal(journal.recall(i), answer(static_cast<int>(i))));
    journal.remember(answer(9));
    Journal again(folder / "k", "digest", kShape);
    EXPECT_EQ(again.known(), journal.known() + 1);
    EXPECT_TRUE(at::equal(again.recall(journal.known()), answer(9)));
    std::filesystem::remove(folder / "k");
  }
  std::fstream file(folder / "j", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file.put('?');
  file.close();
  EXPECT_EQ(Journal(folder / "j", "digest", kShape).known(), 1);
}

/// Asks to stop after so many steps of sampling.
class StopAfter : public Progress {
 public:
  explicit StopAfter(std::int64_t steps) : steps_(steps) {}
  void begin(std::string_view phase, std::int64_t) override { sampling_ = phase == "sampling"; }
  void advance(std::int64_t done) override { stop_ = sampling_ && done >= steps_; }
  bool cancelled() const override { return stop_; }

 private:
  std::int64_t steps_;
  bool sampling_ = false, stop_ = false;
};

TEST(Journal, AStoppedRunGoesOnToTheSameBytesWithEverySampler) {
  const TestFolder folder;
  const ModelFolder model = open_model(kTiny);
  for (const auto& info : diffusion::samplers()) {
    const Plan plan = plan_request({.prompt = "a red cat",
                                    .frames = 4,
                                    .size = "32x32",
                                    .seed = 3,
                                    .steps = 5,
                                    .sampler = std::string(info.name),
                                    .count = 2},
                                   model);
    std::vector<Frames> undisturbed, resumed;
    generate(model, plan, [&](Made made) { undisturbed.push_back(std::move(made.clip.frames)); });
    for (const int stop : {1, 4, 7}) {
      const auto path = folder / fmt::format("{}-{}", info.name, stop);
      Journal first(path, "d", plan.latent_shape(model));
      StopAfter progress(stop);
      EXPECT_THROW(generate(model, plan, [](Made) {}, &progress, {.journal = &first}), Cancelled);
      Journal second(path, "d", plan.latent_shape(model));
      EXPECT_GE(second.known(), stop);
      resumed.clear();
      generate(model, plan, [&](Made made) { resumed.push_back(std::move(made.clip.frames)); }, nullptr,
               {.journal = &second});
      ASSERT_EQ(resumed.size(), 2u);
      EXPECT_EQ(resumed[0].pixels, undisturbed[0].pixels) << info.name << " " << stop;
      EXPECT_EQ(resumed[1].pixels, undisturbed[1].pixels) << info.name << " " << stop;
    }
  }
}

TEST(Generate, PreviewsShowOneFrameWhileSampling) {
  const ModelFolder model = open_model(kTiny);
  const Plan plan = plan_request({.prompt = "a red cat", .frames = 4, .size = "64x48", .seed = 3, .steps = 4}, model);
  std::vector<Frames> seen;
  generate(model, plan, [](Made) {}, nullptr,
           {.on_preview = [&](const Frames& picture) { seen.push_back(picture); }, .preview_seconds = 0});
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].count, 1);
  EXPECT_EQ(seen[0].width, 64);
  EXPECT_NE(seen[0].pixels, seen[2].pixels);
}

}  // namespace
}  // namespace hotshot::pipeline
