#include "training/batches.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "base/error.h"

namespace hotshot::training {
namespace {

/// Loads a step's number; earlier steps take longer, and one fails.
class Numbers : public Task {
 public:
  std::vector<nn::NamedParameter> parameters() override { return {}; }
  MicroBatches micro_batches(std::int64_t step, int count) override {
    if (step == broken) throw InvalidArgument("step " + std::to_string(step));
    std::this_thread::sleep_for(std::chrono::milliseconds(step % 4 == 0 ? 6 : 1));
    ++loaded;
    return MicroBatches(static_cast<std::size_t>(count),
                        [step] { return Loss{.value = at::full({}, static_cast<double>(step)), .samples = 1}; });
  }
  std::vector<Clip> preview() override { return {}; }
  void export_parts(const std::filesystem::path&) override {}

  std::int64_t broken = -1;
  std::atomic<int> loaded = 0;
};

class BatchesAhead : public testing::TestWithParam<int> {};

TEST_P(BatchesAhead, ComeInOrderAndOnce) {
  Numbers task;
  Batches batches(task, 2, 5, 40, GetParam());
  for (std::int64_t step = 5; step < 40; ++step) {
    const MicroBatches batch = batches.next();
    ASSERT_EQ(batch.size(), 2u);
    EXPECT_EQ(batch[0]().value.item<double>(), static_cast<double>(step));
  }
  EXPECT_EQ(task.loaded, 35);
}

TEST_P(BatchesAhead, EachThreadIsTwoAheadAtMost) {
  Numbers task;
  {
    Batches batches(task, 1, 0, 1000, GetParam());
    batches.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_LE(task.loaded, 1 + 2 * GetParam());  // one ready and one in the hands of each
  }
  EXPECT_LT(task.loaded, 20);  // and nobody goes on afterwards
}

TEST_P(BatchesAhead, WhatLoadingThrowsIsThrownAtItsStep) {
  Numbers task;
  task.broken = 3;
  Batches batches(task, 1, 0, 8, GetParam());
  for (int step = 0; step < 3; ++step) batches.next();
  EXPECT_THROW(batches.next(), InvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Threads, BatchesAhead, testing::Values(0, 1, 3));

}  // namespace
}  // namespace hotshot::training
