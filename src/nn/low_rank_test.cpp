#include "nn/low_rank.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "nn/layers.h"

namespace hotshot::nn {
namespace {

constexpr double kScale = 0.5;

Parameter& weight_of(Linear& linear) { return *linear.parameters().front().parameter; }

TEST(LowRank, ALinearAddsItsProductAndForgetsIt) {
  Linear linear({.in = 6, .out = 4});
  linear.initialize(1);
  const at::Tensor x = at::arange(18, at::kFloat).view({3, 6}) / 18;
  const at::Tensor plain = linear(x);
  {
    LowRank change(6, 4, 2, kScale);
    change.initialize(2);
    weight_of(linear).low_rank = &change;
    EXPECT_TRUE(linear(x).equal(plain));  // a fresh change is none
    for (const auto& [name, parameter] : change.parameters()) parameter->tensor.fill_(0.25);
    const at::Tensor merged = weight_of(linear).tensor + kScale * change.up().mm(change.down());
    const at::Tensor bias = linear.parameters().back().parameter->tensor;
    EXPECT_LT((linear(x) - at::linear(x, merged, bias)).abs().max().item<double>(), 1e-6);
    weight_of(linear).low_rank = nullptr;
  }
  EXPECT_TRUE(linear(x).equal(plain));
}

TEST(LowRank, GradientsReachItAndNotTheWeight) {
  Linear linear({.in = 6, .out = 4});
  linear.initialize(1);
  LowRank change(6, 4, 2, kScale);
  change.initialize(2);
  change.requires_grad(true);
  weight_of(linear).low_rank = &change;
  linear(at::ones({3, 6}).to(at::kBFloat16)).to(at::kFloat).square().sum().backward();
  EXPECT_GT(change.up().grad().abs().max().item<double>(), 0);
  EXPECT_EQ(change.down().grad().abs().max().item<double>(), 0);  // as long as `up` is zero
  EXPECT_FALSE(weight_of(linear).tensor.grad().defined());
}

}  // namespace
}  // namespace hotshot::nn
