#include "kernel/isa.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace hotshot::kernel {
namespace {

TEST(Isa, PlainIsAlwaysThere) {
  EXPECT_EQ(available_isas().front(), Isa::plain);
  EXPECT_EQ(available_isas().back(), best_isa());
}

TEST(Isa, CanBeLoweredButNotRaised) {
  set_isa(Isa::plain);
  EXPECT_EQ(isa(), Isa::plain);
  set_isa(best_isa());
  EXPECT_EQ(isa(), best_isa());
  if (best_isa() < Isa::avx512bf16) EXPECT_THROW(set_isa(Isa::avx512bf16), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::kernel
