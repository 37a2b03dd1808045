#include "kernel/rotary.h"

#include <cmath>

#include "kernel/composition.h"
#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Rotary = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Rotary);

Function rotated(const at::Tensor& table) {
  return [table](const Tensors& in) { return rotate(in[0], table); };
}

// The same in fp64, from the definition.
Function reference(const at::Tensor& table) {
  return [table](const Tensors& in) {
    const at::Tensor pairs = in[0].unflatten(-1, {-1, 2});
    const at::Tensor turn = at::view_as_real(table).to(at::kDouble).unsqueeze(1);
    const at::Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1), c = turn.select(-1, 0), s = turn.select(-1, 1);
    return at::stack({a * c - b * s, a * s + b * c}, -1).flatten(-2);
  };
}

TEST_P(Rotary, TurnsPairsLikeTheDefinition) {
  std::uint64_t index = 0;
  for (const auto& [grid, size] :
       {std::pair{std::array<std::int64_t, 3>{1, 1, 1}, 2}, {{2, 3, 4}, 12}, {{3, 2, 5}, 64}, {{1, 7, 9}, 22}}) {
    const at::Tensor table = rotary_table(grid[0], grid[1], grid[2], size);
    const at::Tensor x = normals({2, grid[0] * grid[1] * grid[2], 3, size}, ++index);
    expect_like(rotated(table), reference(table), {x}, kFloatTolerance);
    expect_like(rotated(table), reference(table), {x.to(at::kBFloat16)}, kBf16Tolerance);
    expect_like(rotated(table), reference(table), {x.permute({2, 1, 0, 3})}, kFloatTolerance);
    EXPECT_LT(relative_error(rotate(x, table), composition::rotate(x, table)), kFloatTolerance);
  }
}

TEST_P(Rotary, DoesNotDependOnThreads) {
  expect_thread_independent(rotated(rotary_table(4, 9, 9, 64)), {normals({3, 324, 2, 64}, 1).to(at::kBFloat16)});
}

// ⟨R(m) q, R(n) k⟩ depends on n − m only (Su et al. 2021, equation 11).
TEST_P(Rotary, ProductsDependOnDistanceOnly) {
  const at::Tensor table = rotary_table(6, 1, 1, 12);
  const at::Tensor q = rotate(normals({1, 1, 1, 12}, 1).expand({1, 6, 1, 12}), table).select(2, 0)[0];
  const at::Tensor k = rotate(normals({1, 1, 1, 12}, 2).expand({1, 6, 1, 12}), table).select(2, 0)[0];
  const at::Tensor products = at::matmul(q, k.t());
  for (int m = 0; m + 1 < 6; ++m) {
    for (int n = 0; n + 1 < 6; ++n) {
      EXPECT_NEAR(products[m][n].item<float>(), products[m + 1][n + 1].item<float>(), 1e-4);
    }
  }
}

TEST(RotaryTable, SplitsTheHeadOverTimeHeightAndWidth) {
  const at::Tensor table = rotary_table(2, 2, 3, 12);  // 4 values for time, 4 for height, 4 for width
  EXPECT_EQ(table.sizes(), at::IntArrayRef({12, 6}));
  const at::Tensor angle = at::view_as_real(table[11]);  // t = 1, h = 1, w = 2
  EXPECT_NEAR(angle[0][0].item<float>(), std::cos(1.0), 1e-6);
  EXPECT_NEAR(angle[1][1].item<float>(), std::sin(0.01), 1e-6);
  EXPECT_NEAR(angle[4][0].item<float>(), std::cos(2.0), 1e-6);
}

}  // namespace
}  // namespace hotshot::kernel
