#include "nn/resnet_block2d.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "base/random.h"

namespace hotshot::nn {
namespace {

at::Tensor normals(at::IntArrayRef shape, std::uint64_t index) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(14, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x;
}

// Central differences in fp64 along a random direction.
TEST(ResnetBlock2d, GradientsMatchDifferences) {
  ResnetBlock2d block({.in = 8, .out = 12, .groups = 4, .time = 6});
  block.initialize(1);
  for (const auto& [name, parameter] : block.parameters()) parameter->tensor = parameter->tensor.to(at::kDouble);
  const at::Tensor x = normals({4, 8, 5, 3}, 1).to(at::kDouble), time = normals({2, 6}, 2).to(at::kDouble);
  const at::Tensor dx = normals({4, 8, 5, 3}, 3).to(at::kDouble), dt = normals({2, 6}, 4).to(at::kDouble);
  const at::Tensor weights = normals({4, 12, 5, 3}, 5).to(at::kDouble);
  const auto value = [&](double step) {
    return (block(x + step * dx, time + step * dt, 2) * weights).sum().item<double>();
  };
  const at::Tensor x_leaf = x.clone().requires_grad_(true), t_leaf = time.clone().requires_grad_(true);
  const auto slopes = torch::autograd::grad({(block(x_leaf, t_leaf, 2) * weights).sum()}, {x_leaf, t_leaf});
  const double slope = ((slopes[0] * dx).sum() + (slopes[1] * dt).sum()).item<double>();
  EXPECT_NEAR((value(1e-5) - value(-1e-5)) / 2e-5, slope, 1e-6 * std::abs(slope) + 1e-6);
}

TEST(ResnetBlock2d, TellsEachClipItsTime) {
  at::NoGradGuard no_grad;
  ResnetBlock2d block({.in = 8, .out = 8, .groups = 4, .time = 6});
  block.initialize(2);
  const at::Tensor x = normals({4, 8, 4, 4}, 1), time = normals({2, 6}, 2);
  const at::Tensor both = block(x, time), second = block(x.narrow(0, 2, 2), time.narrow(0, 1, 1));
  EXPECT_LT((both.narrow(0, 2, 2) - second).abs().max().item<float>(), 1e-5);
}

TEST(Resampling, ChangesSizesAsDiffusersDoes) {
  at::NoGradGuard no_grad;
  Downsample2d around(4, 1), behind(4, 0);
  Upsample2d larger(4);
  around.initialize(1);
  behind.initialize(1);
  larger.initialize(1);
  const at::Tensor odd = channels_last(normals({1, 4, 7, 5}, 1));
  EXPECT_EQ(around(odd).sizes(), at::IntArrayRef({1, 4, 4, 3}));
  EXPECT_EQ(behind(odd).sizes(), at::IntArrayRef({1, 4, 3, 2}));
  EXPECT_EQ(larger(odd).sizes(), at::IntArrayRef({1, 4, 14, 10}));
  EXPECT_EQ(larger(odd, 13, 9).sizes(), at::IntArrayRef({1, 4, 13, 9}));
  EXPECT_TRUE(larger(odd).is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(behind(odd).is_contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace
}  // namespace hotshot::nn
