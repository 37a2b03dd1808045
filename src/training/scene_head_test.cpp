#include "training/scene_head.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "data/world_attributes.h"
#include "training/test_support.h"

namespace hotshot::training {
namespace {

constexpr std::int64_t kWidth = 16;
constexpr double kCoverGuess = 0.6931471805599453;  // of a fresh head: log 2

std::int64_t row(std::string_view name) {
  std::int64_t i = 0;
  while (data::world_attributes()[static_cast<std::size_t>(i)].name != name) ++i;
  return i;
}

/// Nothing asked but what `answers` say.
at::Tensor answers(std::initializer_list<std::pair<std::string_view, int>> given) {
  const at::Tensor all = at::full({1, static_cast<std::int64_t>(data::world_attributes().size())}, -1, at::kLong);
  for (const auto& [name, answer] : given) all[0][row(name)] = answer;
  return all;
}

struct FreshHead : SceneHead {
  FreshHead() : SceneHead(kWidth) {
    initialize(1);
    to(at::kCPU, at::kFloat);
  }
};

double loss(const SceneHead& head, const at::Tensor& cover_bl, const at::Tensor& answers_ba) {
  const at::NoGradGuard no_grad;
  return head.loss(normal_tensor({1, cover_bl.size(1), kWidth}, 3, "tokens"), cover_bl, answers_ba).item<double>();
}

TEST(SceneHead, AFreshOneGuessesEvenly) {
  const FreshHead head;
  const at::Tensor cover = at::tensor({0.0f, 1.0f, 0.5f, 0.0f}).view({1, 4});
  EXPECT_NEAR(loss(head, cover, answers({})), kCoverGuess, 1e-5);
  EXPECT_NEAR(loss(head, cover, answers({{"subject", 3}})), kCoverGuess + std::log(17.0), 1e-4);
  // The mean of what is asked.
  EXPECT_NEAR(loss(head, cover, answers({{"subject", 3}, {"direction", 1}})),
              kCoverGuess + (std::log(17.0) + std::log(5.0)) / 2, 1e-4);
  // Other questions are none of its own.
  EXPECT_NEAR(loss(head, cover, answers({{"place", 2}, {"time", 1}})), kCoverGuess, 1e-5);
}

TEST(SceneHead, TwoKindsOfActorsAreAskedForTheirPlacesAlone) {
  const at::Tensor cover = at::tensor({0.0f, 1.0f}).view({1, 2});
  EXPECT_NEAR(loss(FreshHead(), cover, answers({{"subject", 3}, {"second_subject", 4}})), kCoverGuess, 1e-5);
}

TEST(SceneHead, NobodyInSightIsNoError) {
  const double value = loss(FreshHead(), at::zeros({1, 5}), answers({{"subject", 3}}));
  EXPECT_NEAR(value, kCoverGuess / 2, 1e-5);
}

// Tokens that differ where actors are can be told apart, and the error falls below what an even guess costs.
TEST(SceneHead, LearnsWhereAndWho) {
  FreshHead head;
  head.requires_grad(true);
  const std::int64_t clips = 6, tokens = 8;
  const at::Tensor cover = at::zeros({clips, tokens}), who = at::arange(clips, at::kLong).remainder(2);
  at::Tensor x = normal_tensor({clips, tokens, kWidth}, 5, "tokens") * 0.1;
  const at::Tensor marks = normal_tensor({2, kWidth}, 6, "marks");
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < clips; ++i) {
    cover[i][i % tokens] = 1;
    x[i][i % tokens].add_(marks[i % 2]);
    rows.push_back(answers({{"subject", static_cast<int>(i % 2)}}));
  }
  const at::Tensor answers_ba = at::cat(rows);
  const auto step = [&] {
    const at::Tensor value = head.loss(x, cover, answers_ba).mean();
    value.backward();
    const at::NoGradGuard no_grad;
    for (const auto& [name, parameter] : head.parameters()) {
      parameter->tensor.sub_(parameter->tensor.grad(), 0.3);
      parameter->tensor.mutable_grad().zero_();
    }
    return value.item<double>();
  };
  const double before = step();
  for (int i = 0; i < 150; ++i) step();
  EXPECT_NEAR(before, kCoverGuess + std::log(17.0), 1e-3);
  EXPECT_LT(step(), 0.3);
}

}  // namespace
}  // namespace hotshot::training
