#include "kernel/orthogonal.h"

#include <ATen/Parallel.h>

#include "kernel/test_support.h"

namespace hotshot::kernel {
namespace {

using Orthogonal = PerIsa;
HOTSHOT_TEST_EVERY_ISA(Orthogonal);

// The iteration in fp64.
at::Tensor reference(const at::Tensor& matrix) {
  const bool tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = (tall ? matrix.t() : matrix).to(at::kDouble);
  x = x / (x.norm() * 1.01);
  for (int step = 0; step < 5; ++step) {
    const at::Tensor a = at::mm(x, x.t());
    x = 3.4445 * x + at::mm(-4.7750 * a + 2.0315 * at::mm(a, a), x);
  }
  return tall ? x.t() : x;
}

// Odd sides are the library's, even ones ours where products of bf16 are; sides beside the blocks of both.
TEST_P(Orthogonal, IsTheIterationWithinBf16) {
  std::uint64_t index = 0;
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{1, 1},
                                      {2, 2},
                                      {30, 34},
                                      {64, 64},
                                      {65, 70},
                                      {66, 130},
                                      {130, 66},
                                      {96, 864},
                                      {32, 7504},
                                      {192, 192},
                                      {200, 64}}) {
    const at::Tensor matrix = normals({rows, columns}, ++index, 0.01);
    const at::Tensor x = orthogonalized(matrix), expected = reference(matrix);
    ASSERT_EQ(x.sizes(), matrix.sizes());
    EXPECT_EQ(x.scalar_type(), at::kFloat);
    const double error = (x - expected).norm().item<double>() / expected.norm().item<double>();
    EXPECT_LT(error, rows * columns < 100 ? 0.1 : 0.03) << rows << "x" << columns;
  }
}

TEST_P(Orthogonal, SingularValuesAreNearOne) {
  const at::Tensor x = orthogonalized(normals({64, 192}, 50, 3));
  const at::Tensor values = std::get<1>(at::linalg_svd(x.to(at::kDouble)));
  EXPECT_GT(values.min().item<double>(), 0.6);
  EXPECT_LT(values.max().item<double>(), 1.3);
}

TEST_P(Orthogonal, NothingStaysNothing) { EXPECT_EQ(orthogonalized(at::zeros({32, 48})).abs().max().item<float>(), 0); }

TEST_P(Orthogonal, SeveralAreEachAsItIsAlone) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{40, 96}, {96, 40}}) {
    std::vector<at::Tensor> matrices;
    for (std::uint64_t i = 0; i < 3; ++i) matrices.push_back(normals({rows, columns}, 70 + i, 0.1 * (1.0 + i)));
    const at::Tensor together = orthogonalized(at::stack(matrices));
    ASSERT_EQ(together.sizes(), at::IntArrayRef({3, rows, columns}));
    for (std::int64_t i = 0; i < 3; ++i) {
      const at::Tensor expected = reference(matrices[static_cast<std::size_t>(i)]);
      const double error = (together[i] - expected).norm().item<double>() / expected.norm().item<double>();
      EXPECT_LT(error, 0.03) << rows << "x" << columns << " " << i;
    }
  }
}

TEST_P(Orthogonal, DoesNotDependOnThreads) {
  const int before = at::get_num_threads();
  const at::Tensor matrix = normals({128, 300}, 60);
  at::set_num_threads(1);
  const at::Tensor one = orthogonalized(matrix);
  at::set_num_threads(3);
  if (isa() >= Isa::avx512bf16) EXPECT_TRUE(at::equal(one, orthogonalized(matrix)));
  at::set_num_threads(before);
}

}  // namespace
}  // namespace hotshot::kernel
