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

}  // namespace
}  // namespace hotshot::kernel
