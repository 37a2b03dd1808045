#include "kernel/activation.h"

#include "kernel/composition.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Activation = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Activation);

const Function kGelu = [](const Tensors& in) { return gelu_tanh(in[0]); };
const Function kReference = [](const Tensors& in) { return composition::gelu_tanh(in[0]); };

TEST_P(Activation, GeluStaysWithinItsErrorBound) {
  const at::Tensor x = at::cat({at::linspace(-30, 30, 200003), at::linspace(-1e-3, 1e-3, 1001)});
  const Tensors got = value_and_gradients(kGelu, {x});
  const at::Tensor wide = x.to(at::kDouble).requires_grad_(true);
  const at::Tensor expected = composition::gelu_tanh(wide);
  EXPECT_LT(((got[0] - expected).abs() / x.abs().clamp_min(1)).max().item<double>(), 1e-6);
  const at::Tensor weights = normals(x.sizes(), 99);
  const at::Tensor slope = torch::autograd::grad({expected}, {wide}, {weights.to(at::kDouble)})[0];
  EXPECT_LT(((got[1] - slope).abs() / weights.abs()).max().item<double>(), 2e-6);
}

TEST_P(Activation, GeluMatchesOnOddSizesStridesAndBf16) {
  for (const std::int64_t size : {1, 3, 15, 17, 100, 40001}) {
    expect_like(kGelu, kReference, {normals({size}, 1, 2)}, kFloatTolerance);
    expect_like(kGelu, kReference, {normals({size}, 2, 2).to(at::kBFloat16)}, kBf16Tolerance);
  }
  expect_like(kGelu, kReference, {normals({33, 7}, 3, 2).t()}, kFloatTolerance);
  EXPECT_EQ(gelu_tanh(at::empty({0, 4})).sizes(), at::IntArrayRef({0, 4}));
}

TEST_P(Activation, GeluOfExtremesAndNotANumber) {
  const at::Tensor y = gelu_tanh(at::tensor({1e4f, -1e4f, 0.0f, std::numeric_limits<float>::quiet_NaN()}));
  EXPECT_EQ(y[0].item<float>(), 1e4f);
  EXPECT_NEAR(y[1].item<float>(), 0.0f, 1e-30f);
  EXPECT_EQ(y[2].item<float>(), 0.0f);
  EXPECT_TRUE(std::isnan(y[3].item<float>()));
  EXPECT_TRUE(std::isnan(gelu_tanh(y.to(at::kBFloat16))[3].item<float>()));
}

TEST_P(Activation, GeluDoesNotDependOnThreads) {
  expect_thread_independent(kGelu, {normals({50, 2001}, 4).to(at::kBFloat16)});
}

TEST(PlainActivation, ExactAndQuickGelu) {
  const at::Tensor x = at::linspace(-8, 8, 1001);
  const Function exact = [](const Tensors& in) { return in[0] * 0.5 * (1 + at::erf(in[0] * std::sqrt(0.5))); };
  const Function quick = [](const Tensors& in) { return in[0] / (1 + at::exp(-1.702 * in[0])); };
  for (const auto& [f, reference] : {std::pair{&gelu, exact}, std::pair{&quick_gelu, quick}}) {
    const Function function = [f = f](const Tensors& in) { return f(in[0]); };
    expect_like(function, reference, {x}, kFloatTolerance);
    expect_like(function, reference, {x.to(at::kBFloat16)}, kBf16Tolerance);
    // No second rounding on the way: bf16 results are the fp32 ones, rounded once.
    const at::Tensor narrow = x.to(at::kBFloat16);
    EXPECT_TRUE(f(narrow).equal(f(narrow.to(at::kFloat)).to(at::kBFloat16)));
  }
}

const Function kGeglu = [](const Tensors& in) { return geglu(in[0]); };
const Function kGegluReference = [](const Tensors& in) { return composition::geglu(in[0]); };

TEST_P(Activation, GegluStaysWithinItsErrorBound) {
  const at::Tensor gate = at::cat({at::linspace(-30, 30, 200003), at::linspace(-1e-3, 1e-3, 1001)});
  const at::Tensor x = at::cat({at::ones_like(gate), gate});
  const at::Tensor expected = at::gelu(gate.to(at::kDouble));
  EXPECT_LT(((geglu(x) - expected).abs() / gate.abs().clamp_min(1)).max().item<double>(), 1e-6);
}

TEST_P(Activation, GegluMatchesOnOddSizesStridesAndBf16) {
  for (const std::int64_t size : {1, 3, 15, 17, 100}) {
    expect_like(kGeglu, kGegluReference, {normals({7, 2 * size}, 1, 2)}, kFloatTolerance);
    expect_like(kGeglu, kGegluReference, {normals({2, 5, 2 * size}, 2, 2).to(at::kBFloat16)}, kBf16Tolerance);
  }
  expect_like(kGeglu, kGegluReference, {normals({34, 7}, 3, 2).t()}, kFloatTolerance);
  EXPECT_EQ(geglu(at::empty({0, 4})).sizes(), at::IntArrayRef({0, 2}));
  expect_thread_independent(kGeglu, {normals({50, 2002}, 4).to(at::kBFloat16)});
}

}  // namespace
}  // namespace hotshot::kernel
