#include "nn/group_norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/test_support.h"

namespace hotshot::nn {
namespace {

at::Tensor normals(at::IntArrayRef shape, std::uint64_t index) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(13, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(GroupNorm, TakesStatisticsOverTheFramesOfAClip) {
  at::NoGradGuard no_grad;
  GroupNorm norm(4, 8, 1e-5);
  norm.initialize(1);
  const at::Tensor x_nchw = normals({6, 8, 3, 2}, 1), x_bcfhw = x_nchw.unflatten(0, {2, 3}).transpose(1, 2);
  const at::Tensor clips = at::group_norm(x_bcfhw.contiguous(), 4).transpose(1, 2).flatten(0, 1);
  EXPECT_LT(largest_difference(norm(x_nchw, 3), clips), 1e-5);
  EXPECT_LT(largest_difference(norm(x_nchw), at::group_norm(x_nchw, 4)), 1e-5);
  EXPECT_LT(largest_difference(norm.then_silu(x_nchw, 3), at::silu(clips)), 1e-5);
  EXPECT_TRUE(norm(x_nchw).is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(GroupNorm, NeedsEqualGroups) {
  EXPECT_EQ(message_of([] { GroupNorm(3, 8, 1e-5); }), "[group norm] expected channels in 3 equal groups but got 8");
}

}  // namespace
}  // namespace hotshot::nn
