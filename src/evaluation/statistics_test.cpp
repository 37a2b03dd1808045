#include "evaluation/statistics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "base/test_support.h"

namespace hotshot::evaluation {
namespace {

at::Tensor normals(std::uint64_t seed, std::int64_t n, std::int64_t d) {
  at::Tensor x = at::empty({n, d}, at::kFloat);
  Random(seed, "test").fill_normal(x.data_ptr<float>(), static_cast<std::size_t>(x.numel()));
  return x;
}

TEST(Wilson, GivesTheIntervalsOfTheTables) {
  const Share half = wilson(5, 10, 10);
  EXPECT_NEAR(half.low, 0.2366, 1e-4);
  EXPECT_NEAR(half.high, 0.7634, 1e-4);
  const Share all = wilson(10, 10, 10);
  EXPECT_NEAR(all.low, 0.7225, 1e-4);
  EXPECT_NEAR(all.high, 1.0, 1e-12);
  EXPECT_EQ(wilson(0, 0, 0).high, 1.0);
}

TEST(ClusteredShare, CountsWhatFailsTogetherOnce) {
  const std::vector<Cluster> together{{3, 3}, {0, 3}, {3, 3}, {0, 3}, {3, 3}, {0, 3}};
  const std::vector<Cluster> apart{{2, 3}, {1, 3}, {2, 3}, {1, 3}, {2, 3}, {1, 3}};
  const Share wide = clustered_share(together), narrow = clustered_share(apart);
  EXPECT_EQ(wide.value, 0.5);
  EXPECT_EQ(narrow.value, 0.5);
  EXPECT_NEAR(narrow.low, wilson(9, 18, 18).low, 1e-12);  // less than independent counts as independent
  // Clusters that agree within are as many trials as there are clusters, up to k / (k - 1).
  EXPECT_NEAR(wide.low, wilson(9, 18, 5).low, 1e-9);
}

TEST(FrechetDistance, IsThatOfTheGaussiansItself) {
  const at::Tensor x = normals(1, 4000, 3);
  EXPECT_NEAR(frechet_distance(x, x), 0, 1e-9);
  EXPECT_NEAR(frechet_distance(x, x + 2), 12, 1e-5);                      // 3 · 2²
  EXPECT_NEAR(frechet_distance(x, normals(2, 4000, 3) * 3), 3 * 4, 0.5);  // (3 - 1)² each
  EXPECT_NE(message_of([&] { frechet_distance(x, x.narrow(0, 0, 1)); }), "");
}

TEST(Distances, OfPairsAndOfTheNearest) {
  const at::Tensor x = at::tensor({0.0, 0.0, 3.0, 4.0}).view({2, 2});
  EXPECT_NEAR(mean_pair_distance(x), 5, 1e-12);
  EXPECT_EQ(mean_pair_distance(x.narrow(0, 0, 1)), 0);
  EXPECT_NEAR(mean_nearest_distance(x, at::tensor({0.0, 1.0, 30.0, 40.0}).view({2, 2})), (1 + std::sqrt(18.0)) / 2,
              1e-9);
}

}  // namespace
}  // namespace hotshot::evaluation
