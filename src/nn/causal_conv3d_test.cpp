#include "nn/causal_conv3d.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace hotshot::nn {
namespace {

at::Tensor normals(at::IntArrayRef shape, std::uint64_t index) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(11, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

at::Tensor streamed(const CausalConv3d& conv, const at::Tensor& x_bcthw, const std::vector<std::int64_t>& chunks) {
  StreamCache cache;
  std::vector<at::Tensor> outputs;
  std::int64_t first = 0;
  for (const std::int64_t frames : chunks) {
    outputs.push_back(conv(x_bcthw.narrow(2, first, frames), &cache));
    first += frames;
  }
  EXPECT_EQ(first, x_bcthw.size(2));
  return at::cat(outputs, 2);
}

TEST(CausalConv3d, KeepsTheSizeAndDoesNotLookAhead) {
  CausalConv3d conv({.in = 3, .out = 4});
  conv.initialize(1);
  const at::Tensor x = normals({2, 3, 6, 5, 7}, 1);
  const at::Tensor y = conv(x);
  EXPECT_EQ(y.sizes(), at::IntArrayRef({2, 4, 6, 5, 7}));
  for (std::int64_t t = 0; t < 6; ++t) {
    at::Tensor changed = x.clone();
    changed.narrow(2, t, 6 - t).add_(1);
    const at::Tensor z = conv(changed);
    if (t > 0) {
      EXPECT_LT(largest_difference(z.narrow(2, 0, t), y.narrow(2, 0, t)), 1e-6) << t;
    }
    EXPECT_GT(largest_difference(z.narrow(2, t, 1), y.narrow(2, t, 1)), 1e-2) << t;
  }
}

TEST(CausalConv3d, StreamedEqualsWhole) {
  for (const std::array<std::int64_t, 3>& kernel :
       {std::array<std::int64_t, 3>{3, 3, 3}, std::array<std::int64_t, 3>{3, 1, 1},
        std::array<std::int64_t, 3>{1, 3, 3}, std::array<std::int64_t, 3>{5, 1, 3}}) {
    CausalConv3d conv({.in = 2, .out = 3, .kernel = kernel});
    conv.initialize(2);
    const at::Tensor x = normals({1, 2, 9, 4, 6}, 2);
    const at::Tensor whole = conv(x);
    for (const std::vector<std::int64_t>& chunks : {std::vector<std::int64_t>{4, 5}, {5, 4}, {9}, {4, 4, 1}}) {
      EXPECT_LT(largest_difference(streamed(conv, x, chunks), whole), 1e-5);
    }
  }
}

// Chunks may be shorter than what the kernel looks back over.
TEST(CausalConv3d, StreamedFrameByFrameEqualsWhole) {
  CausalConv3d conv({.in = 2, .out = 3});
  conv.initialize(3);
  const at::Tensor x = normals({1, 2, 5, 4, 4}, 3);
  EXPECT_LT(largest_difference(streamed(conv, x, {1, 1, 1, 1, 1}), conv(x)), 1e-5);
}

TEST(CausalConv3d, TwoLayersShareOneCacheWithoutMixing) {
  CausalConv3d first({.in = 2, .out = 2}), second({.in = 2, .out = 2});
  first.initialize(4);
  second.initialize(5);
  const at::Tensor x = normals({1, 2, 6, 4, 4}, 4);
  StreamCache cache;
  const at::Tensor start = second(first(x.narrow(2, 0, 2), &cache), &cache);
  const at::Tensor end = second(first(x.narrow(2, 2, 4), &cache), &cache);
  EXPECT_LT(largest_difference(at::cat({start, end}, 2), second(first(x))), 1e-5);
}

TEST(CausalConv3d, StridesOverTimeWithoutPadding) {
  CausalConv3d conv({.in = 2, .out = 2, .kernel = {3, 1, 1}, .time_stride = 2, .pad_time = false});
  conv.initialize(6);
  EXPECT_EQ(conv(normals({1, 2, 9, 3, 3}, 5)).size(2), 4);
}

TEST(CausalConv3d, FirstFrameIsAPicture) {
  CausalConv3d conv({.in = 2, .out = 2});
  conv.initialize(7);
  const at::Tensor x = normals({1, 2, 5, 4, 4}, 6);
  EXPECT_LT(largest_difference(conv(x).narrow(2, 0, 1), conv(x.narrow(2, 0, 1))), 1e-6);
}

}  // namespace
}  // namespace hotshot::nn
