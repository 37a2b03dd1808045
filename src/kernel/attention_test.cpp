#include "kernel/attention.h"

#include <cmath>
#include <limits>

#include "kernel/composition.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Attention = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Attention);

constexpr double kAttentionBf16Tolerance = 1.5e-2;  // q kᵀ, weights and result rounded

struct Shape {
  std::int64_t batch, queries, keys, heads, size;
};

double scale_of(std::int64_t size) { return 1 / std::sqrt(static_cast<double>(size)); }

Function attended(const at::Tensor& bias) {
  return [bias](const Tensors& in) { return attention(in[0], in[1], in[2], scale_of(in[0].size(3)), bias); };
}

// The definition, in the dtype of its inputs, with the whole score matrix.
Function reference(const at::Tensor& bias) {
  return [bias](const Tensors& in) {
    const at::Tensor q = in[0].transpose(1, 2), k = in[1].transpose(1, 2), v = in[2].transpose(1, 2);
    at::Tensor scores = at::matmul(q, k.transpose(-1, -2)) * scale_of(in[0].size(3));
    if (bias.defined()) scores = scores + bias.to(scores.scalar_type());
    return at::matmul(at::softmax(scores, -1), v).transpose(1, 2);
  };
}

Tensors random_qkv(const Shape& s, std::uint64_t index) {
  return {normals({s.batch, s.queries, s.heads, s.size}, 3 * index, 2),
          normals({s.batch, s.keys, s.heads, s.size}, 3 * index + 1),
          normals({s.batch, s.keys, s.heads, s.size}, 3 * index + 2)};
}

Tensors rounded(Tensors inputs) {
  for (at::Tensor& x : inputs) x = x.to(at::kBFloat16);
  return inputs;
}

void expect_attention(const Tensors& inputs, const at::Tensor& bias) {
  expect_like(attended(bias), reference(bias), inputs, 1e-5);
  expect_like(attended(bias), reference(bias), rounded(inputs), kAttentionBf16Tolerance);
}

TEST_P(Attention, MatchesTheDefinitionOnOddShapes) {
  std::uint64_t index = 0;
  for (const Shape& shape :
       {Shape{1, 1, 1, 1, 1}, Shape{2, 5, 3, 2, 7}, Shape{1, 67, 31, 3, 64}, Shape{1, 3, 300, 1, 33},
        Shape{1, 600, 17, 1, 16}, Shape{1, 130, 530, 2, 24}, Shape{2, 64, 64, 2, 128}}) {
    expect_attention(random_qkv(shape, ++index), {});
  }
}

TEST_P(Attention, BiasOfEveryBroadcastAndMasks) {
  const Shape shape{2, 20, 37, 3, 16};
  const Tensors inputs = random_qkv(shape, 50);
  std::uint64_t index = 500;
  for (const std::vector<std::int64_t>& dims :
       {std::vector<std::int64_t>{2, 1, 1, 37}, {1, 3, 20, 37}, {2, 3, 20, 37}, {20, 1}, {1}}) {
    expect_attention(inputs, normals(dims, ++index));
  }
  expect_attention(inputs, normals({20, 37, 3}, ++index).permute({2, 0, 1}).unsqueeze(0));
  expect_attention(inputs, normals({37, 20}, ++index).t());
  at::Tensor mask = at::zeros({2, 1, 1, 37});
  mask.narrow(3, 11, 26).fill_(-std::numeric_limits<float>::infinity());
  expect_attention(inputs, mask);
  const at::Tensor cut = attention(inputs[0], inputs[1].narrow(1, 0, 11), inputs[2].narrow(1, 0, 11), 0.25);
  EXPECT_LT(relative_error(attention(inputs[0], inputs[1], inputs[2], 0.25, mask), cut), 1e-6);
}

TEST_P(Attention, WholeBlocksOfMaskedKeys) {
  const Tensors inputs = random_qkv({1, 9, 700, 1, 16}, 60);
  at::Tensor mask = at::zeros({1, 1, 1, 700});
  mask.narrow(3, 0, 600).fill_(-std::numeric_limits<float>::infinity());
  expect_attention(inputs, mask);
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  Tensors inputs = random_qkv({1, 40, 400, 1, 32}, 70);
  inputs[0] = inputs[0] * 300;
  expect_like(attended({}), reference({}), inputs,
              1e-3);  // scores in the thousands: fp32 keeps 1e-4 of them
  expect_like(attended({}), reference({}), rounded(inputs), kAttentionBf16Tolerance);
}

TEST_P(Attention, QueriesThatSeeNothing) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    Tensors inputs = random_qkv({1, 5, 37, 1, 16}, 65);
    for (at::Tensor& x : inputs) x = x.to(dtype);
    at::Tensor mask = at::zeros({1, 1, 5, 37});
    mask.select(2, 3).fill_(-std::numeric_limits<float>::infinity());
    const Tensors got = value_and_gradients(attended(mask), inputs);
    for (const at::Tensor& x : got) EXPECT_TRUE(x.isfinite().all().item<bool>());
    EXPECT_EQ(got[0].select(1, 3).abs().max().item<float>(), 0);
    EXPECT_EQ(got[1].select(1, 3).abs().max().item<float>(), 0);
  }
}

TEST_P(Attention, NotANumberIsNotHidden) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    Tensors inputs = random_qkv({1, 4, 40, 1, 16}, 66);
    for (at::Tensor& x : inputs) x = x.to(dtype);
    inputs[0].select(1, 2).fill_(std::numeric_limits<float>::quiet_NaN());
    const at::Tensor y = attended({})(inputs);
    EXPECT_TRUE(y.select(1, 2).isnan().all().item<bool>());
    EXPECT_TRUE(y.select(1, 1).isfinite().all().item<bool>());
  }
}

TEST_P(Attention, ScaleBelowZero) {
  const Tensors inputs = random_qkv({1, 20, 70, 2, 24}, 67);
  const Function turned = [](const Tensors& in) { return attention(in[0], in[1], in[2], -scale_of(24)); };
  const Function opposite = [](const Tensors& in) { return reference({})({-in[0], in[1], in[2]}); };
  expect_like(turned, opposite, inputs, 1e-5);
  expect_like(turned, opposite, rounded(inputs), kAttentionBf16Tolerance);
}

// Blocks whose largest scores leave those before far behind, and some that stay below.
TEST_P(Attention, ScoresThatRiseFromKeyToKey) {
  Tensors inputs = random_qkv({1, 70, 900, 1, 32}, 75);
  inputs[1] = inputs[1] * at::arange(900, at::kFloat).div(30).view({1, 900, 1, 1});
  expect_like(attended({}), reference({}), inputs, 1e-4);
  expect_like(attended({}), reference({}), rounded(inputs), kAttentionBf16Tolerance);
}

TEST_P(Attention, StridedInputs) {
  const at::Tensor qkv = normals({2, 33, 3, 2, 24}, 80), odd = normals({24, 2, 33, 2}, 81);
  expect_attention({qkv.select(2, 0), qkv.select(2, 1), qkv.select(2, 2)}, {});
  expect_attention({odd.permute({3, 2, 1, 0}), qkv.select(2, 1), qkv.select(2, 2)}, {});
}

TEST_P(Attention, GradientOfTheBias) {
  const Tensors inputs = random_qkv({1, 12, 10, 2, 8}, 90);
  const auto with_bias = [](bool fused) {
    return [fused](const Tensors& in) {
      return fused ? attention(in[0], in[1], in[2], 0.3, in[3])
                   : reference(in[3])({in[0] * (0.3 * std::sqrt(8.0)), in[1], in[2]});
    };
  };
  expect_like(with_bias(true), with_bias(false), {inputs[0], inputs[1], inputs[2], normals({1, 2, 12, 10}, 91)}, 1e-5);
}

TEST_P(Attention, MatchesTheComposition) {
  const Tensors inputs = random_qkv({2, 100, 80, 2, 64}, 95);
  const Function composed = [](const Tensors& in) {
    return composition::attention(in[0], in[1], in[2], scale_of(64), {});
  };
  const Tensors a = value_and_gradients(attended({}), inputs), b = value_and_gradients(composed, inputs);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_LT(relative_error(a[i], b[i]), 1e-5);
}

TEST_P(Attention, DoesNotDependOnThreads) {
  expect_thread_independent(attended({}), rounded(random_qkv({2, 530, 100, 2, 32}, 99)));
}

}  // namespace
}  // namespace hotshot::kernel
