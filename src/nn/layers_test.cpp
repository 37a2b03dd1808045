#include "nn/layers.h"

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

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

at::Tensor& first_parameter(Module& module) { return module.parameters().front().parameter->tensor; }

TEST(Linear, MultipliesByTheTransposedWeight) {
  Linear linear({.in = 6, .out = 4, .bias = false});
  linear.initialize(1);
  const at::Tensor x = normals({2, 3, 6}, 1);
  EXPECT_LT(largest_difference(linear(x), at::matmul(x, first_parameter(linear).t())), 1e-5);
}

TEST(Linear, WithItsWeightAsBytesMakesNearlyTheSame) {
  const at::NoGradGuard no_grad;
  const at::Tensor x = normals({40, 64}, 1);
  for (const bool hidden : {true, false}) {
    Linear linear({.in = 64, .out = 32, .hidden = hidden});
    linear.initialize(1);
    const at::Tensor y = linear(x);
    Group group;
    group.with("inner", linear).quantize();
    group.quantize();  // a second time changes nothing
    const double difference = largest_difference(linear(x), y);
    EXPECT_EQ(difference > 0, hidden);
    EXPECT_LT(difference, 0.1);
    EXPECT_EQ(linear.parameter_count(), hidden ? 32 : 64 * 32 + 32);
  }
}

TEST(Linear, PackedGivesTheSameFromThenOn) {
  at::NoGradGuard no_grad;
  const at::Tensor x = normals({5, 64}, 1);
  for (const bool hidden : {true, false}) {
    Linear linear({.in = 64, .out = 32, .hidden = hidden});
    linear.initialize(1);
    const at::Tensor y = linear(x), activated = linear.then_gelu(x);
    Group group;
    group.with("inner", linear).pack();
    group.pack();      // a second time changes nothing
    group.quantize();  // nor does this, afterwards
    EXPECT_TRUE(at::equal(linear(x), y));
    EXPECT_LT(largest_difference(activated, at::gelu(y, "tanh")), 1e-5);
    EXPECT_LT(largest_difference(linear.then_gelu(x), activated), 1e-5);
    EXPECT_EQ(linear.parameter_count(), hidden ? 32 : 64 * 32 + 32);
  }
}

TEST(Linear, IsAddedToAResidualPackedOrNot) {
  at::NoGradGuard no_grad;
  const at::Tensor x = normals({2, 5, 64}, 1), residual = normals({2, 5, 32}, 2), gate = normals({2, 1, 32}, 3);
  Linear linear({.in = 64, .out = 32});
  linear.initialize(1);
  const at::Tensor y = linear(x);
  for (const bool packed : {false, true}) {
    if (packed) linear.pack();
    EXPECT_LT(largest_difference(linear(x, {residual, {}}), residual + y), 1e-5);
    EXPECT_LT(largest_difference(linear(x, {residual, gate}), residual + gate * y), 1e-5);
    EXPECT_ANY_THROW(linear(x, {residual.narrow(0, 0, 1), {}}));
    EXPECT_ANY_THROW(linear(x, {{}, {}}));
  }
}

TEST(RmsNorm, MakesTheMeanSquareOne) {
  RmsNorm norm(64, 1e-6);
  norm.initialize(1);
  const at::Tensor y = norm(normals({5, 64}, 2) * 7);
  EXPECT_LT(largest_difference(y.square().mean(-1), at::ones({5})), 1e-4);
}

TEST(LayerNorm, MakesMeanZeroAndVarianceOne) {
  LayerNorm norm(64, 1e-6);
  norm.initialize(1);
  const at::Tensor y = norm(normals({5, 64}, 3) * 7 + 3);
  EXPECT_LT(largest_difference(y.mean(-1), at::zeros({5})), 1e-5);
  EXPECT_LT(largest_difference(y.var(-1, /*unbiased=*/false), at::ones({5})), 1e-4);
}

TEST(Embedding, LooksRowsUp) {
  Embedding embedding(9, 4, Init::normal(1));
  embedding.initialize(1);
  const at::Tensor ids = at::tensor({3, 0, 8}, at::kLong);
  EXPECT_TRUE(at::equal(embedding(ids), first_parameter(embedding).index_select(0, ids)));
}

TEST(PatchEmbedding, IsAConvolutionWhoseStrideIsItsKernel) {
  PatchEmbedding embedding(3, 10, {1, 2, 2});
  embedding.initialize(1);
  const at::Tensor x = normals({2, 3, 4, 6, 8}, 4);
  const at::Tensor convolved = at::conv3d(x, first_parameter(embedding), {}, {1, 2, 2}).flatten(2).transpose(1, 2);
  EXPECT_LT(largest_difference(embedding(x), convolved), 1e-5);
}

TEST(Embedding, GrowsByRows) {
  Embedding embedding(3, 2, Init::normal(1));
  embedding.initialize(1);
  embedding.to(at::kCPU, at::kBFloat16);
  embedding.requires_grad(true);
  const at::Tensor before = embedding(at::arange(3)).detach();
  at::Tensor rows = at::tensor({0.5f, -2.0f}).view({1, 2});
  embedding.append(rows);
  EXPECT_EQ(embedding.count(), 4);
  EXPECT_TRUE(embedding(at::arange(3)).equal(before));
  EXPECT_TRUE(embedding(at::tensor({3})).to(at::kFloat).equal(rows));
  EXPECT_TRUE(embedding(at::arange(4)).requires_grad());
  EXPECT_EQ(embedding.parameters()[0].parameter->tensor.sizes(), at::IntArrayRef({4, 2}));
}

TEST(Layers, GradientsReachTheWeights) {
  PatchEmbedding embedding(3, 8, {1, 2, 2});
  LayerNorm norm(8, 1e-6);
  Linear linear({.in = 8, .out = 8});
  for (Module* module :
       {static_cast<Module*>(&embedding), static_cast<Module*>(&norm), static_cast<Module*>(&linear)}) {
    module->initialize(2);
    module->requires_grad(true);
  }
  linear(norm(embedding(normals({1, 3, 2, 4, 4}, 5).to(at::kBFloat16)))).to(at::kFloat).square().sum().backward();
  for (Module* module :
       {static_cast<Module*>(&embedding), static_cast<Module*>(&norm), static_cast<Module*>(&linear)}) {
    for (const auto& [name, parameter] : module->parameters()) {
      ASSERT_TRUE(parameter->tensor.grad().defined()) << name;
      EXPECT_GT(parameter->tensor.grad().abs().max().item<float>(), 0) << name;
    }
  }
}

}  // namespace
}  // namespace hotshot::nn
