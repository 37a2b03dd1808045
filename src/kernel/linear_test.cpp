#include "kernel/linear.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <optional>
#include <stdexcept>
#include <utility>

#include "kernel/composition.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Linear = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Linear);

const Function kLinear = [](const Tensors& in) { return linear(in[0], in[1], in.size() > 2 ? in[2] : at::Tensor()); };
const Function kReference = [](const Tensors& in) {
  const at::Tensor y = at::matmul(in[0], in[1].t());
  return in.size() > 2 ? y + in[2] : y;
};

Tensors random_inputs(at::IntArrayRef rows, std::int64_t in, std::int64_t out, std::uint64_t index) {
  auto shape = rows.vec();
  shape.push_back(in);
  return {normals(shape, index), normals({out, in}, index + 1, 0.1), normals({out}, index + 2)};
}

TEST_P(Linear, ValueAndGradientsWithAndWithoutBias) {
  const Tensors inputs = random_inputs({3, 7}, 19, 33, 1);
  expect_like(kLinear, kReference, inputs, kFloatTolerance);
  expect_like(kLinear, kReference, {inputs[0], inputs[1]}, kFloatTolerance);
}

TEST_P(Linear, WithoutGradientsEqualsWithThem) {
  for (const std::int64_t rows : {1, 5, 256, 257, 700}) {
    const Tensors inputs = random_inputs({rows}, 40, 24, 10);
    const at::Tensor alone = kLinear(inputs), beside = value_and_gradients(kLinear, inputs)[0];
    EXPECT_LT(relative_error(alone, kReference(inputs)), kFloatTolerance);
    EXPECT_LT(relative_error(alone, beside), kFloatTolerance);
    if (rows >= 2) EXPECT_TRUE(at::equal(alone, beside)) << rows;
    EXPECT_LT(relative_error(kLinear({inputs[0], inputs[1]}), kReference({inputs[0], inputs[1]})), kFloatTolerance);
  }
  EXPECT_EQ(kLinear(random_inputs({2, 3, 4}, 8, 5, 20)).sizes(), at::IntArrayRef({2, 3, 4, 5}));
}

// Edges of every block: rows, columns and depth beside kPanelRows, kPanelColumns and the parts of a depth.
TEST_P(Linear, ShapesBesideEveryBlock) {
  std::uint64_t index = 100;
  for (const std::int64_t rows : {1, 2, 15, 16, 33, 63, 64, 65, 130}) {
    for (const auto& [in, out] :
         {std::pair<std::int64_t, std::int64_t>{1, 1}, {2, 34}, {31, 32}, {64, 16}, {514, 66}, {1030, 50}}) {
      Tensors inputs = random_inputs({rows}, in, out, ++index);
      expect_like(kLinear, kReference, inputs, kFloatTolerance);
      const bool ours = isa() >= Isa::avx512bf16 && rows >= 2 && in % 2 == 0 && out % 2 == 0;
      if (!ours) continue;  // the library rounds sums on the way
      for (at::Tensor& x : inputs) x = x.to(at::kBFloat16);
      expect_like(kLinear, kReference, inputs, kBf16Tolerance);
    }
  }
}

TEST_P(Linear, PackedWeightsGiveTheSameBytes) {
  const at::NoGradGuard no_grad;
  std::uint64_t index = 170;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const std::int64_t rows : {2, 33, 700}) {
      Tensors inputs = random_inputs({rows, 1}, 48, 40, ++index);
      for (at::Tensor& x : inputs) x = x.to(dtype);
      const std::optional<PackedWeight> weight = pack_weight(inputs[1]);
      ASSERT_EQ(weight.has_value(), dtype == at::kFloat || isa() >= Isa::avx512bf16);
      if (!weight) continue;
      EXPECT_TRUE(at::equal(linear(inputs[0], *weight, inputs[2]), kLinear(inputs)));
      EXPECT_TRUE(at::equal(linear(inputs[0], *weight, {}), kLinear({inputs[0], inputs[1]})));
      EXPECT_THROW(linear(inputs[0].to(at::kDouble), *weight, {}), std::runtime_error);
      EXPECT_THROW(linear(inputs[0].narrow(-1, 0, 46), *weight, {}), std::runtime_error);
    }
  }
}

TEST_P(Linear, WhatFollowsAPackedProductIsComputedBeforeItIsRounded) {
  const at::NoGradGuard no_grad;
  std::uint64_t index = 190;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (const std::int64_t tokens : {1, 7, 130}) {
      for (const auto& [in, out] : {std::pair<std::int64_t, std::int64_t>{48, 40}, {16, 66}, {7504, 34}}) {
        Tensors inputs = random_inputs({3, tokens}, in, out, ++index);
        for (at::Tensor& x : inputs) x = x.to(dtype);
        const std::optional<PackedWeight> weight = pack_weight(inputs[1]);
        if (!weight) continue;
        const at::Tensor z =
            kReference({inputs[0].to(at::kDouble), inputs[1].to(at::kDouble), inputs[2].to(at::kDouble)});
        const at::Tensor added = normals({3, tokens, out}, ++index).to(dtype);
        const double tolerance = dtype == at::kFloat ? kFloatTolerance : kBf16Tolerance / 2;  // rounded once
        const auto result = [&](Activation activation, const at::Tensor& gate) {
          return linear(inputs[0], *weight, inputs[2], {.activation = activation, .residual = {added, gate}});
        };
        EXPECT_LT(
            relative_error(linear(inputs[0], *weight, inputs[2], {.activation = Activation::gelu_tanh, .residual = {}}),
                           composition::gelu_tanh(z)),
            tolerance);
        EXPECT_LT(relative_error(result(Activation::none, {}), added + z), tolerance);
        for (const std::vector<std::int64_t>& shape :
             {std::vector<std::int64_t>{3, 1, out}, {3, tokens, out}, {1, 1, out}, {out}}) {
          const at::Tensor gate = normals(shape, ++index);
          EXPECT_LT(relative_error(result(Activation::none, gate), added + gate * z), tolerance);
          EXPECT_LT(relative_error(result(Activation::gelu_tanh, gate), added + gate * composition::gelu_tanh(z)),
                    tolerance);
        }
      }
    }
  }
}

TEST_P(Linear, ResidualsThatDoNotFitAreRefused) {
  const at::NoGradGuard no_grad;
  const Tensors inputs = random_inputs({40}, 32, 48, 87);
  const std::optional<PackedWeight> weight = pack_weight(inputs[1]);
  ASSERT_TRUE(weight);
  const auto with = [&](const at::Tensor& x, const at::Tensor& gate) {
    return linear(inputs[0], *weight, {}, {.activation = Activation::none, .residual = {x, gate}});
  };
  const at::Tensor added = normals({40, 48}, 88), gate = normals({48}, 89);
  EXPECT_NO_THROW(with(added, gate));
  EXPECT_THROW(with(added.t(), gate), std::runtime_error);
  EXPECT_THROW(with(added.to(at::kBFloat16), gate), std::runtime_error);
  EXPECT_THROW(with({}, gate), std::runtime_error);
  EXPECT_THROW(with(added, gate.to(at::kBFloat16)), std::runtime_error);
  EXPECT_ANY_THROW(with(added, gate.narrow(0, 0, 47)));
  EXPECT_ANY_THROW(with(added, normals({48, 40}, 90)));
  const at::AutoGradMode enabled(true);
  EXPECT_THROW(with(added.clone().requires_grad_(true), gate), std::runtime_error);
}

TEST_P(Linear, DepthsOfSeveralParts) {
  std::uint64_t index = 150;
  for (const std::int64_t rows : {2, 100}) {
    for (const std::int64_t in : {3700, 7504}) {
      Tensors inputs = random_inputs({rows}, in, 34, ++index);
      expect_like(kLinear, kReference, inputs, kFloatTolerance);
      for (at::Tensor& x : inputs) x = x.to(at::kBFloat16);
      EXPECT_LT(relative_error(kLinear(inputs),
                               kLinear({inputs[0].to(at::kFloat), inputs[1].to(at::kFloat), inputs[2].to(at::kFloat)})),
                kBf16Tolerance);
    }
  }
}

TEST_P(Linear, OperandsMayBeViews) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const Tensors inputs = random_inputs({40}, 48, 32, 70);
    const at::Tensor x = inputs[0].to(dtype).t().contiguous().t(), weight = inputs[1].to(dtype).t().contiguous().t();
    const at::Tensor wide = at::cat({x, x}, 1).narrow(1, 24, 48);
    const double tolerance = dtype == at::kFloat ? kFloatTolerance : kBf16Tolerance;
    expect_like(kLinear, kReference, {x, weight, inputs[2].to(dtype)}, tolerance);
    EXPECT_LT(relative_error(kLinear({wide, weight}), kReference({wide.to(at::kDouble), weight.to(at::kDouble)})),
              tolerance);
  }
}

// Depths beside the parts that are packed at once, widths beside blocks of rows: what gradients of weights are made of.
TEST_P(Linear, GradientsOverManyRowsAndOfUnevenWidths) {
  std::uint64_t index = 200;
  for (const std::int64_t rows : {40, 2048, 2049, 4100, 8200}) {
    for (const auto& [in, out] : {std::pair<std::int64_t, std::int64_t>{8, 8},
                                  {40, 66},
                                  {66, 160},
                                  {24, 200},
                                  {200, 40},
                                  {34, 22},
                                  {144, 100},
                                  {600, 34},
                                  {34, 600}}) {
      Tensors inputs = random_inputs({rows}, in, out, ++index);
      expect_like(kLinear, kReference, inputs, 2 * kFloatTolerance);
      expect_thread_independent(kLinear, inputs);
      if (isa() < Isa::avx512bf16) continue;
      inputs[0] = inputs[0].to(at::kBFloat16);
      expect_like(kLinear, kReference, inputs, 1.5 * kBf16Tolerance);
      expect_thread_independent(kLinear, inputs);
    }
  }
}

// Inputs that are frozen get no gradient, and what is not gets the one it has beside others.
TEST_P(Linear, GradientsOfSomeOfTheInputs) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    Tensors inputs = random_inputs({50}, 32, 48, 80);
    inputs[0] = inputs[0].to(dtype);
    const Tensors all = value_and_gradients(kLinear, inputs);
    for (std::size_t wanted = 0; wanted < inputs.size(); ++wanted) {
      Tensors leaves;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        leaves.push_back(inputs[i].detach().clone().requires_grad_(i == wanted));
      }
      const at::Tensor y = kLinear(leaves);
      torch::autograd::backward({y}, {normals(y.sizes(), 99).to(y.scalar_type())});
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        ASSERT_EQ(leaves[i].grad().defined(), i == wanted) << i;
        if (i != wanted) continue;
        EXPECT_LT(relative_error(leaves[i].grad(), all[i + 1]), kBf16Tolerance) << i;
      }
    }
  }
}

TEST_P(Linear, ShapesThatDoNotFitAreRefused) {
  const Tensors inputs = random_inputs({40}, 32, 48, 85);
  EXPECT_ANY_THROW(kLinear({inputs[0].narrow(1, 0, 30), inputs[1]}));
  EXPECT_ANY_THROW(kLinear({inputs[0], inputs[1], inputs[2].narrow(0, 0, 40)}));
  EXPECT_ANY_THROW(kLinear({inputs[0], inputs[1].flatten()}));
}

TEST_P(Linear, BlocksOfColumnsOfLargeWeightsAreOneProduct) {
  const int before = at::get_num_threads();
  for (const std::int64_t rows : {3, 300}) {
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      Tensors inputs = random_inputs({rows}, 1100, 1000, 50);
      for (at::Tensor& x : inputs) x = x.to(dtype);
      Tensors wide;
      for (const at::Tensor& x : inputs) wide.push_back(x.to(at::kDouble));
      at::set_num_threads(1);
      const at::Tensor one = kLinear(inputs), plain = kLinear({inputs[0], inputs[1]});
      at::set_num_threads(3);
      EXPECT_TRUE(at::equal(one, kLinear(inputs))) << rows;
      const double tolerance = dtype == at::kFloat ? kFloatTolerance : kBf16Tolerance;
      EXPECT_LT(relative_error(one, kReference(wide)), tolerance) << rows;
      EXPECT_LT(relative_error(plain, kReference({wide[0], wide[1]})), tolerance) << rows;
    }
  }
  at::set_num_threads(before);
}

TEST_P(Linear, MasterWeightsTrainHalfPrecisionActivations) {
  Tensors inputs = random_inputs({50}, 32, 16, 30);
  inputs[0] = inputs[0].to(at::kBFloat16);
  expect_like(kLinear, kReference, inputs,
              kBf16Tolerance);  // the weights' gradients are fp32
}

TEST_P(Linear, InferenceDoesNotDependOnThreads) {
  const int before = at::get_num_threads();
  for (const std::int64_t rows : {3, 200, 1000}) {
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      const Tensors inputs = random_inputs({rows}, 256, 320, 40);
      const auto result = [&](int threads) {
        at::set_num_threads(threads);
        return kLinear({inputs[0].to(dtype), inputs[1], inputs[2]});
      };
      const at::Tensor one = result(1);
      EXPECT_TRUE(at::equal(one, result(2))) << rows;
      EXPECT_TRUE(at::equal(one, result(3))) << rows;
    }
  }
  at::set_num_threads(before);
}

// Value and gradients of one product, in a row.
at::Tensor product_and_gradients(const Tensors& inputs) {
  const at::AutoGradMode enabled(true);  // thread-local
  Tensors leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(input.detach().clone().requires_grad_(true));
  const at::Tensor y = kLinear(leaves);
  const auto gradients = torch::autograd::grad({y}, leaves, {at::ones_like(y)});
  Tensors rows{y.detach().to(at::kFloat).flatten()};
  for (const at::Tensor& gradient : gradients) rows.push_back(gradient.to(at::kFloat).flatten());
  return at::cat(rows);
}

TEST_P(Linear, TrainsAlikeInSeveralThreadsAtOnce) {
  const int before = at::get_num_threads();
  for (const std::int64_t rows : {3, 100, 1792}) {
    for (const auto& [in, out] :
         {std::pair<std::int64_t, std::int64_t>{192, 192}, {192, 768}, {768, 192}, {192, 512}}) {
      for (const auto dtype : {at::kFloat, at::kBFloat16}) {
        Tensors inputs = random_inputs({rows}, in, out, 50);
        inputs[0] = inputs[0].to(dtype);
        at::set_num_threads(1);
        const at::Tensor alone = product_and_gradients(inputs);
        at::set_num_threads(2);
        product_and_gradients(inputs);  // what the library keeps of a product of two threads
        Tensors together(4);
        at::parallel_for(0, 4, 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i)
            together[static_cast<std::size_t>(i)] = product_and_gradients(inputs);
        });
        for (const at::Tensor& result : together) {
          EXPECT_LT(relative_error(result, alone), 0.02) << rows << "x" << in << "x" << out << " " << dtype;
        }
      }
    }
  }
  at::set_num_threads(before);
}

}  // namespace
}  // namespace hotshot::kernel
