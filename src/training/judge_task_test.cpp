#include "training/judge_task.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/test_support.h"
#include "data/world_attributes.h"
#include "model/part.h"
#include "training/optimizer.h"
#include "training/recipe.h"

namespace hotshot::training {
namespace {

model::ClipClassifierConfig tiny() {
  model::ClipClassifierConfig config;
  config.channels = {8, 16};
  config.blocks = {1, 1};
  config.num_layers = 1;
  config.num_attention_heads = 2;
  config.num_frames = 3;
  config.frame_rate = 2;
  return config;
}

data::Bucket bucket() { return {.frames = 3, .height = 32, .width = 32, .batch = 6, .clips = 6}; }

JudgeTask task(double damage = 0.4) {
  return {tiny(), {.damage = damage, .dtype = "fp32"}, {bucket()}, 5, 6, at::kCPU, {}};
}

TEST(JudgeTask, LearnsAFewClipsByHeart) {
  JudgeTask judge = task(/*damage=*/0);
  Optimizer optimizer({.learning_rate = 3e-3, .muon_rate = 3e-3, .warmup = 2}, judge.parameters());
  double first = 0, last = 0;
  for (int step = 0; step < 40; ++step) {
    const Loss loss = differentiate(judge, step, 1);
    last = loss.value.item<double>();
    if (step == 0) first = last;
    optimizer.update(step, 40);
  }
  EXPECT_LT(last, 0.6 * first);
}

TEST(JudgeTask, ABatchDependsOnItsStepAlone) {
  JudgeTask judge = task();
  const auto loss = [&](std::int64_t step) { return differentiate(judge, step, 1).value.item<double>(); };
  const double again = loss(3);
  loss(4);
  EXPECT_EQ(loss(3), again);
  EXPECT_NEAR(differentiate(judge, 3, 3).value.item<double>(), again, 0.2 * again);  // means of means, of other counts
}

TEST(JudgeTask, WritesAPartThatNamesItsQuestions) {
  const TestFolder folder;
  JudgeTask judge = task();
  judge.export_parts(folder.path());
  model::ClipClassifierConfig config = tiny();
  for (const data::WorldAttribute& attribute : data::world_attributes()) {
    config.attributes.emplace_back(attribute.name);
    config.classes.push_back(static_cast<int>(attribute.classes.size()));
  }
  model::ClipClassifier read(config);
  model::load_parameters(read, folder / "judge");
  EXPECT_NE(read_file(folder / "judge" / "config.json").find("\"subject\""), std::string::npos);
}

bool asks_for_a_second(const data::Bucket& bucket, double guest_share) {
  const JudgeOptions options{.damage = 0, .held_out_share = 0, .guest_share = guest_share, .dtype = "fp32"};
  JudgeTask judge(tiny(), options, {bucket}, 5, 6, at::kCPU, {});
  return differentiate(judge, 0, 1).extra.contains("right_second_subject");
}

// Without motion there is nothing to be right or wrong about.
TEST(JudgeTask, ReadsPicturesAndTheGuest) {
  data::Bucket pictures = bucket();
  pictures.frames = 1;
  JudgeTask judge(tiny(), {.damage = 0, .dtype = "fp32"}, {pictures}, 5, 6, at::kCPU, {});
  const Loss loss = differentiate(judge, 0, 1);
  EXPECT_TRUE(loss.extra.contains("right_subject"));
  EXPECT_FALSE(loss.extra.contains("right_camera"));
  pictures.batch = 40;
  EXPECT_TRUE(asks_for_a_second(pictures, 0));
  EXPECT_FALSE(asks_for_a_second(pictures, 1));  // the guest is alone
}

TEST(JudgeTask, RefusesSharesOfMoreThanAll) {
  const JudgeOptions options{.held_out_share = 0.6, .guest_share = 0.5};
  EXPECT_NE(message_of([&] { JudgeTask(tiny(), options, {bucket()}, 5, 6, at::kCPU, {}); }).find("1 at most together"),
            std::string::npos);
}

TEST(JudgeTask, RefusesBucketsItCannotUse) {
  data::Bucket longer = bucket();
  longer.frames = 4;
  const auto make = [](data::Bucket b) { return message_of([&] { JudgeTask(tiny(), {}, {b}, 5, 6, at::kCPU, {}); }); };
  EXPECT_NE(make(longer).find("num_frames 3"), std::string::npos);
  data::Bucket odd = bucket();
  odd.width = 36;
  EXPECT_NE(make(odd).find("multiples of 8"), std::string::npos);
}

TEST(JudgeTask, HasARecipe) {
  const Recipe recipe = read_recipe(std::filesystem::path(HOTSHOT_SOURCE_DIR) / "recipes" / "world-judge.toml");
  EXPECT_EQ(recipe.top.part, "judge");
}

}  // namespace
}  // namespace hotshot::training
