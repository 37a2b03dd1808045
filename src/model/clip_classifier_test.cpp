#include "model/clip_classifier.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/test_support.h"

namespace hotshot::model {
namespace {

ClipClassifierConfig tiny() {
  ClipClassifierConfig config;
  config.channels = {8, 12};
  config.blocks = {1, 1};
  config.num_layers = 1;
  config.num_attention_heads = 2;
  config.attributes = {"subject", "color"};
  config.classes = {5, 3};
  return config;
}

at::Tensor video(std::int64_t batch, std::int64_t frames, std::int64_t height, std::int64_t width) {
  at::Tensor x = at::empty({batch, 3, frames, height, width}, at::kFloat);
  Random(9, "video").fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x;
}

double distance(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(ClipClassifier, AnswersEveryQuestionForClipsOfAnyShape) {
  ClipClassifier judge(tiny());
  judge.initialize(1);
  for (const auto& x : {video(2, 4, 32, 24), video(1, 7, 16, 40)}) {
    const ClipReading reading = judge(x);
    ASSERT_EQ(reading.logits_bk.size(), 2u);
    EXPECT_EQ(reading.logits_bk[0].sizes(), (std::vector<std::int64_t>{x.size(0), 5}));
    EXPECT_EQ(reading.logits_bk[1].sizes(), (std::vector<std::int64_t>{x.size(0), 3}));
    EXPECT_EQ(reading.features_bd.sizes(), (std::vector<std::int64_t>{x.size(0), 12}));
  }
}

TEST(ClipClassifier, ReadsEveryClipOnItsOwnAndInItsOrder) {
  ClipClassifier judge(tiny());
  judge.initialize(1);
  const at::Tensor x = video(2, 4, 16, 16);
  const at::Tensor both = judge(x).features_bd;
  EXPECT_LT(distance(judge(x.narrow(0, 1, 1)).features_bd, both.narrow(0, 1, 1)), 1e-4);
  EXPECT_GT(distance(judge(x.flip(2)).features_bd, both), 1e-3);
  EXPECT_GT(distance(judge(x.flip(4)).features_bd, both), 1e-3);
}

TEST(ClipClassifier, TrainsInEveryParameter) {
  ClipClassifier judge(tiny());
  judge.initialize(1);
  judge.requires_grad(true);
  for (const auto& [name, parameter] : judge.parameters()) {
    if (name.find("heads") != std::string::npos && name.ends_with("weight")) parameter->tensor.data().fill_(0.1);
  }
  const ClipReading reading = judge(video(2, 3, 16, 16));
  (reading.logits_bk[0].select(1, 1).sum() + reading.logits_bk[1].square().sum()).backward();
  for (const auto& [name, parameter] : judge.parameters()) {
    ASSERT_TRUE(parameter->tensor.grad().defined()) << name;
    EXPECT_GT(parameter->tensor.grad().abs().max().item<double>(), 0) << name;
  }
}

TEST(ClipClassifier, RefusesConfigsThatContradictThemselves) {
  ClipClassifierConfig config = tiny();
  config.blocks = {1};
  EXPECT_NE(message_of([&] { ClipClassifier{config}; }).find("stages"), std::string::npos);
  config = tiny();
  config.classes = {5};
  EXPECT_NE(message_of([&] { ClipClassifier{config}; }).find("classes"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::model
