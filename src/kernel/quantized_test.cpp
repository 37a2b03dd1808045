#include "kernel/quantized.h"

#include <ATen/Parallel.h>

#include <limits>
#include <utility>

#include "base/error.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Quantized = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Quantized);

// Whole numbers up to 127 in size, which every row reaches, times a power of two: bytes hold them exactly.
at::Tensor whole_numbers(std::int64_t rows, std::int64_t size, std::uint64_t index, double scale) {
  at::Tensor x = normals({rows, size}, index, 60).round_().clamp_(-127, 127);
  for (std::int64_t row = 0; row < rows; ++row) x[row][row % size] = row % 2 == 0 ? 127 : -127;
  return x.mul_(scale);
}

at::Tensor exact(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  return at::linear(x.to(at::kDouble), weight_oi.to(at::kDouble), bias_o.to(at::kDouble));
}

// Edges of every block: rows, columns and depth beside kPanelRows, kPanelColumns, an element and the parts of a depth.
TEST_P(Quantized, BytesThatHoldTheValuesGiveTheProduct) {
  std::uint64_t index = 0;
  for (const std::int64_t rows : {1, 2, 15, 97, 200}) {
    for (const auto& [in, out] :
         {std::pair<std::int64_t, std::int64_t>{1, 1}, {3, 31}, {4, 32}, {65, 33}, {130, 100}, {1025, 40}, {2052, 7}}) {
      const at::Tensor x = whole_numbers(rows, in, ++index, 0.25), weight = whole_numbers(out, in, ++index, 0.125);
      const at::Tensor bias = normals({out}, ++index);
      const QuantizedWeight bytes = quantized(weight);
      const at::Tensor y = linear(x, bytes, bias), without = linear(x, bytes, {});
      EXPECT_LT(relative_error(y, exact(x, weight, bias)), 1e-6) << rows << "x" << in << "x" << out;
      EXPECT_LT(relative_error(without, exact(x, weight, at::zeros({out}))), 1e-6);
      const at::Tensor half = linear(x.to(at::kBFloat16), quantized(weight.to(at::kBFloat16)), bias);
      EXPECT_EQ(half.scalar_type(), at::kBFloat16);
      EXPECT_LT(relative_error(half, exact(x, weight, bias)), kBf16Tolerance);
    }
  }
}

// Rounding of both sides is uniform in ±1/2 of 1/127 of a row's largest: together some 1/127 · √(2/12) ·
// largest/deviation of the product's deviation, 0.012 here; the limit is on the root mean square.
TEST_P(Quantized, NormalValuesLoseAPercent) {
  const at::Tensor x = normals({200, 512}, 1), weight = normals({300, 512}, 2, 0.04);
  const at::Tensor y = linear(x, quantized(weight), {}), wanted = exact(x, weight, at::zeros({300}));
  EXPECT_LT(((y - wanted).norm() / wanted.norm()).item<double>(), 0.015);
  EXPECT_GT(((y - wanted).norm() / wanted.norm()).item<double>(), 0.005);
}

TEST_P(Quantized, RowsHaveScalesOfTheirOwn) {
  at::Tensor x = whole_numbers(20, 64, 1, 1), weight = whole_numbers(40, 64, 2, 1);
  const at::Tensor rows = at::pow(2, at::arange(-10, 10, at::kFloat)).unsqueeze(1);
  const at::Tensor columns = at::pow(2, at::remainder(at::arange(0, 40, at::kFloat), 9)).unsqueeze(1);
  const at::Tensor y = linear(x * rows, quantized(weight * columns), {});
  EXPECT_LT(relative_error(y / rows / columns.t(), exact(x, weight, at::zeros({40}))), 1e-6);
  x[3].zero_(), weight[5].zero_();
  EXPECT_TRUE(at::equal(linear(x, quantized(weight), {})[3], at::zeros({40})));
  EXPECT_TRUE(at::equal(linear(x, quantized(weight), {}).select(1, 5), at::zeros({20})));
}

TEST_P(Quantized, NothingDependsOnThreadsOrStrides) {
  const int before = at::get_num_threads();
  const at::Tensor x = normals({2, 150, 80}, 1), weight = normals({70, 80}, 2);
  const QuantizedWeight bytes = quantized(weight.t().contiguous().t());
  at::set_num_threads(1);
  const at::Tensor one = linear(x, bytes, {});
  EXPECT_EQ(one.sizes(), at::IntArrayRef({2, 150, 70}));
  at::set_num_threads(3);
  EXPECT_TRUE(at::equal(one, linear(x, bytes, {})));
  EXPECT_TRUE(at::equal(one, linear(at::cat({x, x}, 2).narrow(2, 0, 80), bytes, {})));
  at::set_num_threads(before);
}

TEST_P(Quantized, ValuesThatAreLostStayLost) {
  at::Tensor x = normals({30, 50}, 1);
  x[7][49] = std::numeric_limits<float>::quiet_NaN();
  x[9][0] = std::numeric_limits<float>::infinity();
  at::Tensor weight = normals({20, 50}, 2);
  const at::Tensor y = linear(x, quantized(weight), {}), lost = at::isnan(y).all(1);
  EXPECT_EQ(lost.sum().item<std::int64_t>(), 2);
  EXPECT_TRUE(lost[7].item<bool>() && lost[9].item<bool>());
  weight[3][3] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(quantized(weight), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::kernel
