#include "measure/profile.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "kernel/attention.h"
#include "measure/ceilings.h"

namespace hotshot::measure {
namespace {

const ProfileRow* find(const std::vector<ProfileRow>& rows, const std::string& name) {
  for (const ProfileRow& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

TEST(Profile, CountsOperationsOfProducts) {
  const at::Tensor a = at::rand({8, 16}), b = at::rand({16, 4});
  Profile profile;
  at::mm(a, b);
  at::mm(a, b);
  profile.stop();
  at::mm(a, b);  // nobody looks any more
  const auto rows = profile.rows();
  const ProfileRow* mm = find(rows, "aten::mm");
  ASSERT_NE(mm, nullptr);
  EXPECT_EQ(mm->calls, 2);
  EXPECT_EQ(mm->operations, 2 * 2.0 * 8 * 16 * 4);
  EXPECT_EQ(mm->bytes, 2 * 4.0 * (8 * 16 + 16 * 4 + 8 * 4));
}

TEST(Profile, CountsConvolutionsForwardAndBackward) {
  const at::Tensor x = at::rand({2, 8, 6, 6}).requires_grad_(true), w = at::rand({4, 8, 3, 3}).requires_grad_(true);
  const double once = 2.0 * (2 * 4 * 6 * 6) * (8 * 9);
  Profile profile;
  at::conv2d(x, w, {}, 1, 1).sum().backward();
  profile.stop();
  double forward = 0, backward = 0;
  for (const ProfileRow& row : profile.rows()) {
    (row.name.find("backward") == std::string::npos ? forward : backward) += row.operations;
  }
  EXPECT_EQ(forward, once);
  EXPECT_EQ(backward, 2 * once);
}

TEST(Profile, KernelsOfOursAreOneRowAndTimeIsCountedOnce) {
  const at::Tensor q = at::rand({2, 20, 3, 16});
  Profile profile;
  kernel::attention(q, q, q, 0.25);
  profile.stop();
  const auto rows = profile.rows();
  const ProfileRow* attention = find(rows, "hotshot::attention");
  ASSERT_NE(attention, nullptr);
  EXPECT_EQ(attention->operations, 4.0 * 2 * 20 * 3 * 16 * 20);
  double seconds = 0;
  for (const ProfileRow& row : rows) seconds += row.seconds;
  EXPECT_LE(seconds, profile.seconds());
  EXPECT_NE(profile_table(profile, 1e12, 1e10).find("hotshot::attention"), std::string::npos);
}

TEST(Ceilings, NothingIsFasterThanRegisters) {
  at::set_num_threads(1);
  const Ceilings ceilings = measure_ceilings();
  EXPECT_GT(ceilings.registers, 1e9);
  // Twice: other work on the machine may have had the better part of one of them.
  EXPECT_GT(best(ceilings.products), 0.02 * ceilings.registers);
  EXPECT_LT(ceilings.best_library_rate(), 2 * ceilings.registers);
  EXPECT_GT(best(ceilings.memory), 1e8);
  EXPECT_NE(ceilings_table(ceilings).find(ceilings.instructions), std::string::npos);
}

}  // namespace
}  // namespace hotshot::measure
