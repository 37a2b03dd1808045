#include "pipeline/frame_windows.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/test_support.h"

namespace hotshot::pipeline {
namespace {

TEST(FrameWindows, CoverTheClipAndEndWithIt) {
  const auto one = frame_windows(8, 24, 6);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].count, 8);
  for (std::int64_t frames = 25; frames < 90; ++frames) {
    const auto windows = frame_windows(frames, 24, 6);
    EXPECT_EQ(windows.front().begin, 0);
    EXPECT_EQ(windows.back().begin + windows.back().count, frames);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      EXPECT_EQ(windows[i].count, 24);
      if (i > 0) EXPECT_GE(windows[i - 1].begin + 24 - windows[i].begin, 6) << frames;
    }
  }
  EXPECT_NE(message_of([] { frame_windows(30, 8, 8); }).find("overlap"), std::string::npos);
}

TEST(FrameWindows, BlendAgreeingAnswersToTheSame) {
  const at::Tensor x = at::arange(30, at::kFloat).view({1, 1, 30, 1, 1});
  const auto windows = frame_windows(30, 8, 2);
  const auto twice = [](const at::Tensor& part, const FrameWindow&) { return part * 2; };
  EXPECT_LT((blend_windows(x, windows, twice) - 2 * x).abs().max().item<double>(), 1e-5);
}

TEST(FrameWindows, GoFromOneAnswerToTheNextWhereTheyOverlap) {
  const at::Tensor x = at::zeros({1, 1, 12, 1, 1});
  const auto windows = frame_windows(12, 8, 4);
  const auto index = [](const at::Tensor& part, const FrameWindow& window) {
    return at::full_like(part, window.begin == 0 ? 0.0 : 1.0);
  };
  const at::Tensor y = blend_windows(x, windows, index).flatten();
  EXPECT_EQ(y[3].item<float>(), 0);
  EXPECT_EQ(y[8].item<float>(), 1);
  for (std::int64_t i = 4; i < 8; ++i) EXPECT_GT(y[i].item<float>(), y[i - 1].item<float>());
}

}  // namespace
}  // namespace hotshot::pipeline
