#include "kernel/convolution.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <random>
#include <stdexcept>

#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

class ConvolutionTest : public PerIsa {};
HOTSHOT_TEST_EVERY_ISA(ConvolutionTest);

struct Shape {
  std::array<std::int64_t, 5> x;  // [b, c, t, h, w]
  std::int64_t out;
  std::array<std::int64_t, 3> kernel;
  ConvolutionOptions options;
};

// The definition, in the type of x.
at::Tensor defined(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvolutionOptions& o) {
  const at::Tensor padded =
      at::constant_pad_nd(x, {o.before[2], o.after[2], o.before[1], o.after[1], o.before[0], o.after[0]});
  return at::conv3d(padded, weight, bias, o.stride);
}

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{
      // Causal, as in autoencoders: whole vectors and tiles, less than a tile, odd numbers, more than a panel.
      {{2, 32, 3, 9, 11}, 32, {3, 3, 3}, {.before = {2, 1, 1}, .after = {0, 1, 1}}},
      {{1, 12, 2, 7, 5}, 40, {3, 3, 3}, {.before = {2, 1, 1}, .after = {0, 1, 1}}},
      {{1, 3, 4, 6, 70}, 5, {3, 3, 3}, {.before = {2, 1, 1}, .after = {0, 1, 1}}},
      {{1, 48, 1, 5, 6}, 33, {3, 3, 3}, {.before = {2, 1, 1}, .after = {0, 1, 1}}},
      {{1, 34, 2, 4, 4}, 7, {2, 1, 5}, {.before = {1, 0, 2}, .after = {0, 0, 2}}},
      // Time alone, with a step and without; a point.
      {{2, 16, 5, 4, 3}, 32, {3, 1, 1}, {.before = {2, 0, 0}}},
      {{1, 24, 7, 3, 4}, 24, {3, 1, 1}, {.stride = {2, 1, 1}}},
      {{1, 64, 2, 3, 3}, 16, {1, 1, 1}, {}},
      // Pictures: steps, even filters, no zeros, zeros on one side, more than one block of rows and columns.
      {{3, 20, 1, 8, 9}, 36, {1, 3, 3}, {.stride = {1, 2, 2}, .before = {0, 1, 1}, .after = {0, 1, 1}}},
      {{1, 16, 1, 9, 8}, 8, {1, 3, 3}, {.stride = {1, 2, 2}, .after = {0, 1, 1}}},
      {{2, 6, 1, 8, 12}, 10, {1, 4, 4}, {.stride = {1, 4, 4}}},
      {{1, 5, 1, 7, 7}, 9, {1, 2, 2}, {.stride = {1, 3, 2}, .before = {0, 2, 0}}},
      {{1, 8, 1, 67, 150}, 4, {1, 3, 3}, {.before = {0, 1, 1}, .after = {0, 1, 1}}},
      // Clips long enough to be cut in time; steps in time wider than the filter; zeros in time around a picture.
      {{1, 8, 17, 5, 5}, 6, {3, 3, 3}, {.before = {2, 1, 1}, .after = {0, 1, 1}}},
      {{2, 4, 19, 3, 5}, 6, {2, 1, 3}, {.stride = {2, 1, 1}, .before = {1, 0, 1}, .after = {0, 0, 1}}},
      {{1, 4, 9, 3, 3}, 6, {2, 1, 1}, {.stride = {3, 1, 1}}},
      {{1, 4, 1, 5, 6}, 6, {1, 3, 3}, {.before = {1, 1, 1}, .after = {1, 1, 1}}},
      // Steps in all three, wider than the filter in one.
      {{1, 10, 6, 8, 7}, 12, {2, 3, 1}, {.stride = {2, 2, 3}, .before = {1, 1, 0}, .after = {1, 0, 2}}},
  };
  return all;
}

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << at::IntArrayRef(s.x) << " to " << s.out << " by " << at::IntArrayRef(s.kernel);
}

Tensors inputs_of(const Shape& s, at::ScalarType type) {
  const double scale = 1 / std::sqrt(static_cast<double>(s.x[1] * s.kernel[0] * s.kernel[1] * s.kernel[2]));
  return {normals(s.x, 1).to(type), normals({s.out, s.x[1], s.kernel[0], s.kernel[1], s.kernel[2]}, 2, scale).to(type),
          normals({s.out}, 3).to(type)};
}

void expect_definition(at::ScalarType type, double tolerance) {
  for (const Shape& s : shapes()) {
    SCOPED_TRACE(testing::Message() << s);
    expect_like([&](const Tensors& in) { return convolution(in[0], in[1], in[2], s.options); },
                [&](const Tensors& in) { return defined(in[0], in[1], in[2], s.options); }, inputs_of(s, type),
                tolerance);
  }
}

TEST_P(ConvolutionTest, Fp32IsTheDefinitionWithItsGradients) { expect_definition(at::kFloat, kFloatTolerance); }

TEST_P(ConvolutionTest, Bf16IsTheDefinitionWithItsGradients) { expect_definition(at::kBFloat16, kBf16Tolerance); }

TEST_P(ConvolutionTest, RandomShapesAreTheDefinition) {
  std::mt19937 random(5);
  const auto from = [&](std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
  };
  for (int i = 0; i < 40; ++i) {
    Shape s{{from(1, 2), from(1, 70), from(1, 6), from(1, 20), from(1, 40)}, from(1, 70), {}, {}};
    for (int axis = 0; axis < 3; ++axis) {
      s.kernel[axis] = from(1, 4);
      s.options.stride[axis] = from(1, 3);
      s.options.before[axis] = from(0, 3);
      // Room for the filter.
      s.options.after[axis] =
          std::max(from(0, 3), s.kernel[axis] - s.x[static_cast<std::size_t>(axis) + 2] - s.options.before[axis]);
    }
    SCOPED_TRACE(testing::Message() << s);
    // The library's of libtorch 1.13 leave gradients of what no window sees as they find the memory.
    const at::ScalarType type = i % 2 || isa() < Isa::avx512bf16 ? at::kFloat : at::kBFloat16;
    expect_like([&](const Tensors& in) { return convolution(in[0], in[1], in[2], s.options); },
                [&](const Tensors& in) { return defined(in[0], in[1], in[2], s.options); }, inputs_of(s, type),
                type == at::kFloat ? kFloatTolerance : kBf16Tolerance);
  }
}

TEST_P(ConvolutionTest, MasterWeightsGetGradientsOfTheirType) {
  const Shape& s = shapes()[0];
  Tensors inputs = inputs_of(s, at::kFloat);
  inputs[0] = inputs[0].to(at::kBFloat16);
  expect_like([&](const Tensors& in) { return convolution(in[0], in[1], in[2], s.options); },
              [&](const Tensors& in) { return defined(in[0], in[1], in[2], s.options); }, inputs, kBf16Tolerance);
}

TEST_P(ConvolutionTest, GradientsAreFiniteDifferences) {
  const ConvolutionOptions options{.stride = {1, 2, 1}, .before = {1, 1, 1}, .after = {0, 1, 0}};
  const Tensors inputs{normals({1, 3, 2, 5, 4}, 1), normals({4, 3, 2, 3, 2}, 2, 0.3), normals({4}, 3)};
  const Function f = [&](const Tensors& in) { return convolution(in[0], in[1], in[2], options); };
  const Tensors got = value_and_gradients(f, inputs);
  const at::Tensor weights = normals(got[0].sizes(), 99);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const at::Tensor direction = normals(inputs[i].sizes(), 50 + i);
    const double step = 1e-2;
    const auto loss = [&](double by) {
      Tensors moved = inputs;
      moved[i] = inputs[i] + by * direction;
      return (f(moved).to(at::kDouble) * weights).sum().item<double>();
    };
    // Linear in each input: the difference is the derivative, but for rounding.
    const double slope = (loss(step) - loss(-step)) / (2 * step);
    EXPECT_NEAR((got[i + 1].to(at::kDouble) * direction).sum().item<double>(), slope, 2e-3 * std::abs(slope) + 2e-3);
  }
}

TEST_P(ConvolutionTest, AddsAndActivatesAsSaid) {
  const Shape& s = shapes()[0];
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    Tensors inputs = inputs_of(s, type);
    inputs.push_back(normals({2, 32, 3, 9, 11}, 4).to(type));
    for (const bool silu : {false, true}) {
      ConvolutionOptions options = s.options;
      options.then_silu = silu;
      const Function f = [&](const Tensors& in) { return convolution(in[0], in[1], in[2], options, in[3]); };
      const auto definition = [&](const Tensors& in) {
        const at::Tensor y = defined(in[0], in[1], in[2], options);
        return (silu ? at::silu(y) : y) + in[3];
      };
      const double tolerance = type == at::kFloat ? kFloatTolerance : 2 * kBf16Tolerance;
      expect_like(f, definition, inputs, tolerance);
      const at::NoGradGuard no_grad;
      Tensors wide;
      for (const at::Tensor& x : inputs) wide.push_back(x.to(at::kDouble));
      EXPECT_LT(relative_error(f(inputs), definition(wide)), tolerance);
    }
  }
}

TEST_P(ConvolutionTest, EarlierFramesStandWhereZerosWould) {
  const at::NoGradGuard no_grad;
  const ConvolutionOptions options{.before = {2, 1, 1}, .after = {0, 1, 1}};
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor x = normals({2, 16, 6, 5, 7}, 1).to(type), weight = normals({24, 16, 3, 3, 3}, 2, 0.1),
                     bias = normals({24}, 3);
    const at::Tensor whole = convolution(x, weight, bias, options);
    std::vector<at::Tensor> chunks;
    for (const auto& [first, count] : {std::pair{0, 1}, {1, 1}, {2, 1}, {3, 3}}) {
      const std::int64_t seen = std::min(first, 2);
      const at::Tensor past = seen > 0 ? x.narrow(2, first - seen, seen) : at::Tensor();
      chunks.push_back(convolution(x.narrow(2, first, count), weight, bias, options, {}, past));
    }
    EXPECT_LT(relative_error(at::cat(chunks, 2), whole), type == at::kFloat ? kFloatTolerance : kBf16Tolerance);
  }
}

TEST_P(ConvolutionTest, BytesDoNotDependOnThreads) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    if (type == at::kBFloat16 && isa() < Isa::avx512bf16) continue;  // the library's
    const Shape s{{2, 32, 5, 20, 70}, 32, {3, 3, 3}, {.before = {2, 1, 1}, .after = {0, 1, 1}}};
    expect_thread_independent([&](const Tensors& in) { return convolution(in[0], in[1], in[2], s.options); },
                              inputs_of(s, type));
  }
}

TEST_P(ConvolutionTest, AValueThatIsNoNumberStaysAmongItsWindows) {
  const at::NoGradGuard no_grad;
  at::Tensor x = normals({1, 8, 1, 9, 9}, 1);
  x[0][3][0][4][8] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor weight = normals({8, 8, 2, 3, 3}, 2), bias = normals({8}, 3);
  const ConvolutionOptions options{.before = {1, 1, 1}, .after = {0, 1, 1}};
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor broken = at::isnan(convolution(x.to(type), weight, bias, options));
    at::Tensor expected = at::zeros_like(broken);
    expected.narrow(3, 3, 3).narrow(4, 7, 2).fill_(true);
    EXPECT_TRUE(at::equal(broken, expected));
  }
}

TEST_P(ConvolutionTest, RefusesWhatDoesNotFit) {
  const at::Tensor x = normals({1, 4, 2, 5, 5}, 1), weight = normals({6, 4, 1, 3, 3}, 2), bias = normals({6}, 3);
  EXPECT_THROW(convolution(x.squeeze(0), weight, bias, {}), std::runtime_error);
  EXPECT_THROW(convolution(x.narrow(1, 0, 3), weight, bias, {}), std::runtime_error);
  EXPECT_THROW(convolution(x, weight, bias.narrow(0, 0, 5), {}), std::runtime_error);
  EXPECT_THROW(convolution(x.narrow(3, 0, 2), weight, bias, {}), std::runtime_error);
  EXPECT_THROW(convolution(x, weight, bias, {}, normals({1, 6, 2, 5, 5}, 4)), std::runtime_error);
  EXPECT_THROW(convolution(x, weight, bias, {}, {}, x), std::runtime_error);
  EXPECT_THROW(convolution(x, weight, bias, {.stride = {1, 0, 1}}), std::runtime_error);
  EXPECT_THROW(convolution(x, weight, bias, {.before = {0, -1, 0}}), std::runtime_error);
  EXPECT_THROW(convolution(x, weight.narrow(0, 0, 0), bias.narrow(0, 0, 0), {}), std::runtime_error);
}

}  // namespace
}  // namespace hotshot::kernel
