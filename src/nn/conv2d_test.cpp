#include "nn/conv2d.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace hotshot::nn {
namespace {

at::Tensor normals(at::IntArrayRef shape, std::uint64_t index) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(12, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x;
}

bool is_channels_last(const at::Tensor& x) { return x.is_contiguous(at::MemoryFormat::ChannelsLast); }

TEST(Conv2d, PadsAndStrides) {
  Conv2d conv({.in = 3, .out = 5, .stride = 2, .padding = 1});
  conv.initialize(8);
  EXPECT_EQ(conv(normals({2, 3, 8, 6}, 7)).sizes(), at::IntArrayRef({2, 5, 4, 3}));
}

TEST(Conv2d, GivesTheSameInBothLayouts) {
  at::NoGradGuard no_grad;
  for (const std::int64_t kernel : {1, 3}) {
    Conv2d conv({.in = 8, .out = 16, .kernel = kernel, .padding = kernel / 2});
    conv.initialize(9);
    const at::Tensor x = normals({2, 8, 6, 5}, 1), planes = conv(x), pixels = conv(channels_last(x));
    EXPECT_LT((planes - pixels).abs().max().item<float>(), 1e-5);
    EXPECT_TRUE(is_channels_last(planes));
    EXPECT_TRUE(is_channels_last(pixels));
  }
}

TEST(Conv2d, PadsBehindAddsAndActivates) {
  at::NoGradGuard no_grad;
  Conv2d conv({.in = 4, .out = 6, .stride = 2, .padding_after = 1});
  conv.initialize(10);
  const at::Tensor x = normals({2, 4, 8, 6}, 1), added = normals({2, 6, 4, 3}, 2), y = conv(x);
  ASSERT_EQ(y.sizes(), added.sizes());
  Conv2d around({.in = 4, .out = 6, .stride = 2});
  around.initialize(10);
  EXPECT_LT((y - around(at::constant_pad_nd(x, {0, 1, 0, 1}))).abs().max().item<float>(), 1e-5);
  EXPECT_LT((conv(x, added) - (y + added)).abs().max().item<float>(), 1e-5);
  EXPECT_LT((conv.then_silu(x) - at::silu(y)).abs().max().item<float>(), 1e-5);
}

TEST(Tokens, ArePixelsWithoutACopy) {
  const at::Tensor x = channels_last(normals({2, 3, 4, 5}, 2)), tokens = to_tokens(x);
  EXPECT_EQ(tokens.sizes(), at::IntArrayRef({2, 20, 3}));
  EXPECT_EQ(tokens[1][7][2].item<float>(), x[1][2][1][2].item<float>());
  EXPECT_EQ(tokens.data_ptr(), x.data_ptr());
  EXPECT_TRUE(at::equal(to_pixels(tokens, 4, 5), x));
  EXPECT_TRUE(is_channels_last(to_pixels(tokens, 4, 5)));
}

}  // namespace
}  // namespace hotshot::nn
