// What the kernel tests share: random tensors, gradients, comparisons, one run
// per instruction set.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "kernel/isa.h"

namespace hotshot::kernel {

using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

/// Standard normals times `scale`, fp32, named by `index`.
inline at::Tensor normals(at::IntArrayRef shape, std::uint64_t index, double scale = 1) {
  at::Tensor x = at::empty(shape, at::kFloat);
  Random(7, index).fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x.mul_(scale);
}

/// f(inputs), then the gradients of Σ f · w to every input, w fixed
/// pseudo-random values.
inline Tensors value_and_gradients(const Function& f, Tensors inputs) {
  for (at::Tensor& x : inputs) x = x.detach().requires_grad_(true);
  const at::Tensor y = f(inputs);
  const at::Tensor weights = normals(y.sizes(), 99).to(y.scalar_type());
  Tensors all{y.detach()};
  for (at::Tensor& g : torch::autograd::grad({y}, inputs, {weights}, {}, false, true)) all.push_back(g);
  return all;
}

/// max |a - b| / max |b|.
inline double relative_error(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  const double scale = std::max(b.to(at::kDouble).abs().max().item<double>(), 1e-30);
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>() / scale;
}

/// Compares f on `inputs` with `reference` on the same values in fp64, values
/// and gradients.
inline void expect_like(const Function& f, const Function& reference, const Tensors& inputs, double tolerance) {
  Tensors wide;
  for (const at::Tensor& x : inputs) wide.push_back(x.to(at::kDouble));
  const Tensors got = value_and_gradients(f, inputs), expected = value_and_gradients(reference, wide);
  EXPECT_EQ(got[0].scalar_type(), inputs[0].scalar_type());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].scalar_type(), inputs[i > 0 ? i - 1 : 0].scalar_type());
    EXPECT_LT(relative_error(got[i], expected[i]), tolerance) << (i ? "gradient " + std::to_string(i - 1) : "value");
  }
}

/// Runs f with one and with three threads and expects the same bytes.
inline void expect_thread_independent(const Function& f, const Tensors& inputs) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Tensors one = value_and_gradients(f, inputs);
  at::set_num_threads(3);
  const Tensors three = value_and_gradients(f, inputs);
  at::set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(at::equal(one[i], three[i])) << i;
}

/// Each test once per instruction set that this processor has.
class PerIsa : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { set_isa(GetParam()); }
  void TearDown() override { set_isa(best_isa()); }
};

inline std::string isa_test_name(const testing::TestParamInfo<Isa>& info) { return std::string(isa_name(info.param)); }

#define HOTSHOT_TEST_EVERY_ISA(suite) \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, testing::ValuesIn(available_isas()), isa_test_name)

constexpr double kFloatTolerance = 5e-6;
constexpr double kBf16Tolerance = 8e-3;  // two roundings of 2⁻⁸ relative to the largest value

}  // namespace hotshot::kernel
