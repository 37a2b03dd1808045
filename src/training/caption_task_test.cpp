#include "training/caption_task.h"

#include <gtest/gtest.h>

#include "base/test_support.h"
#include "training/optimizer.h"
#include "training/recipe.h"
#include "training/test_support.h"

namespace hotshot::training {
namespace {

model::Umt5Config tiny_text() {
  model::Umt5Config text;
  text.vocab_size = 400, text.d_model = 32, text.d_kv = 16, text.d_ff = 64, text.num_layers = 1, text.num_heads = 2;
  return text;
}

std::unique_ptr<CaptionTask> task(const TestFolder& folder, int batch = 32, std::filesystem::path initial = {}) {
  const RunPlaces places = places_in(folder.path(), "task");
  return std::make_unique<CaptionTask>(tiny_text(), CaptionTaskOptions{.batch = batch, .dtype = "fp32"},
                                       data::WorldSource{.seed = 5}, places.model_folder, initial, 6, at::kCPU);
}

TEST(CaptionTask, LearnsWhatNewCaptionsSay) {
  const TestFolder folder;
  const auto captions = task(folder);
  Optimizer optimizer({.learning_rate = 1e-2, .muon_rate = 1e-2, .warmup = 2}, captions->parameters());
  Loss loss;
  double place = 0, first = 0;
  for (int step = 0; step < 120; ++step) {
    loss = differentiate(*captions, step, 1);
    if (step == 0) first = loss.value.item<double>();
    if (step >= 110) place += loss.extra.at("right_place") / 10;
    optimizer.update(step, 120);
  }
  EXPECT_GT(place, 0.4);  // one of eight by chance
  EXPECT_LT(loss.value.item<double>(), 0.7 * first);
}

TEST(CaptionTask, ABatchDependsOnItsStepAlone) {
  const TestFolder folder;
  const auto captions = task(folder, 24);
  const auto loss = [&](std::int64_t step) { return differentiate(*captions, step, 1).value.item<double>(); };
  const double again = loss(3);
  EXPECT_NE(loss(4), again);
  EXPECT_EQ(loss(3), again);
}

TEST(CaptionTask, WritesATextEncoderThatItStartsFrom) {
  const TestFolder folder, model;
  const auto captions = task(folder);
  Optimizer optimizer({.learning_rate = 1e-2, .muon_rate = 1e-2, .warmup = 1}, captions->parameters());
  differentiate(*captions, 0, 1);
  optimizer.update(0, 1);
  captions->export_parts(model.path());
  const auto again = task(folder, 32, model.path());
  const auto before = captions->parameters(), after = again->parameters();
  ASSERT_EQ(before.size(), after.size());
  std::size_t heads = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(before[i].name, after[i].name);
    if (before[i].name.starts_with("heads.")) {
      ++heads;
      continue;
    }
    const at::Tensor rounded = before[i].parameter->tensor.detach().to(at::kBFloat16).to(at::kFloat);
    EXPECT_TRUE(after[i].parameter->tensor.detach().allclose(rounded, 1e-2, 1e-2)) << before[i].name;
  }
  EXPECT_GT(heads, 20u);  // which stay behind
  EXPECT_FALSE(std::filesystem::exists(model / "heads"));
}

TEST(CaptionTask, HasARecipe) {
  const Recipe recipe = read_recipe(std::filesystem::path(HOTSHOT_SOURCE_DIR) / "recipes" / "act-one-mini-text.toml");
  EXPECT_EQ(recipe.top.part, "captions");
}

}  // namespace
}  // namespace hotshot::training
