#include "kernel/group_norm.h"

#include "kernel/composition.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using GroupNorms = PerIsa;
HOTSHOT_TEST_EVERY_ISA(GroupNorms);

Function plain(std::int64_t groups) {
  return [=](const Tensors& in) { return group_norm(in[0], groups, in[1], in[2], 1e-5); };
}
Function plain_reference(std::int64_t groups) {
  return [=](const Tensors& in) { return composition::group_norm(in[0], groups, in[1], in[2], 1e-5); };
}
Function with_silu(std::int64_t groups) {
  return [=](const Tensors& in) { return group_norm_silu(in[0], groups, in[1], in[2], 1e-5); };
}
Function with_silu_reference(std::int64_t groups) {
  return [=](const Tensors& in) { return composition::group_norm_silu(in[0], groups, in[1], in[2], 1e-5); };
}

Tensors inputs_of(at::IntArrayRef shape_nlc, double mean) {
  const std::int64_t c = shape_nlc[2];
  return {normals(shape_nlc, 1) + mean, normals({c}, 2, 0.3) + 1, normals({c}, 3)};
}

TEST_P(GroupNorms, MatchTheirDefinition) {
  for (const auto& [shape, groups] : std::vector<std::pair<std::vector<std::int64_t>, std::int64_t>>{
           {{2, 200, 64}, 32}, {{1, 64, 96}, 3}, {{3, 7, 10}, 5}, {{1, 1, 32}, 2}, {{2, 65, 33}, 1}}) {
    const Tensors inputs = inputs_of(shape, 0.5);
    expect_like(plain(groups), plain_reference(groups), inputs, 2 * kFloatTolerance);
    expect_like(with_silu(groups), with_silu_reference(groups), inputs, 2 * kFloatTolerance);
    const Tensors narrow{inputs[0].to(at::kBFloat16), inputs[1], inputs[2]};
    expect_like(plain(groups), plain_reference(groups), narrow, kBf16Tolerance);
    expect_like(with_silu(groups), with_silu_reference(groups), narrow, kBf16Tolerance);
  }
}

// A mean of a thousand deviations costs no digits beyond those that fp32 lost when it stored the values.
TEST_P(GroupNorms, LargeMeansCancelNothing) {
  const Tensors in = inputs_of({1, 4096, 16}, 1000);
  const at::Tensor expected = composition::group_norm(in[0].to(at::kDouble), 4, in[1], in[2], 1e-5);
  EXPECT_LT(relative_error(group_norm(in[0], 4, in[1], in[2], 1e-5), expected), 1e-4);
}

TEST_P(GroupNorms, ConstantsAreTheBias) {
  const at::Tensor y = group_norm(at::full({1, 9, 8}, 3.0), 2, at::ones({8}), at::full({8}, 0.25), 1e-5);
  EXPECT_TRUE(at::equal(y, at::full({1, 9, 8}, 0.25)));
}

TEST_P(GroupNorms, StridedInputAndThreads) {
  const Tensors in = inputs_of({2, 300, 24}, 0);
  const at::Tensor turned = in[0].transpose(1, 2).contiguous().transpose(1, 2);
  EXPECT_TRUE(at::equal(group_norm(turned, 3, in[1], in[2], 1e-5), group_norm(in[0], 3, in[1], in[2], 1e-5)));
  expect_thread_independent(with_silu(3), in);
}

}  // namespace
}  // namespace hotshot::kernel
