#include "weights/checkpoint.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <torch/torch.h>

#include <chrono>
#include <set>
#include <thread>

#include "base/error.h"
#include "weights/test_support.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;

Checkpoint at_step(std::int64_t step) {
  return {.step = step,
          .groups = {{"weights", {{"w", torch::full({64}, step, torch::kLong)}}},
                     {"optimizer", {{"w.m", torch::full({64}, step, torch::kLong)}}}},
          .state = {{"seen", step * 10}, {"losses", {1.5, 2.5}}}};
}

void expect_whole(const fs::path& path) {
  const Checkpoint read = read_checkpoint(path);
  const Checkpoint expected = at_step(read.step);
  EXPECT_EQ(read.state, expected.state);
  ASSERT_EQ(read.groups.size(), 2u);
  for (const auto& [group, tensors] : expected.groups)
    for (const auto& [name, tensor] : tensors) EXPECT_TRUE(torch::equal(read.groups.at(group).at(name), tensor));
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

TEST(Checkpoint, RoundTripsAndKeepsTheNewest) {
  const TestFolder folder;
  EXPECT_FALSE(latest_checkpoint(folder.path()));
  EXPECT_FALSE(latest_checkpoint(folder / "none"));
  for (const std::int64_t step : {5, 10, 123456789}) {
    const fs::path path = write_checkpoint(folder / "run", at_step(step), 2);
    EXPECT_EQ(latest_checkpoint(folder / "run"), path);
    expect_whole(path);
  }
  EXPECT_EQ(names_in(folder / "run"), (std::set<std::string>{"step-00000010", "step-123456789"}));
}

TEST(Checkpoint, ReplacesTheSameStep) {
  const TestFolder folder;
  Checkpoint other = at_step(3);
  other.groups.erase("optimizer");
  other.state = "other";
  write_checkpoint(folder.path(), other, 1);
  EXPECT_EQ(read_checkpoint(folder / "step-00000003").state, "other");
  expect_whole(write_checkpoint(folder.path(), at_step(3), 1));
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"step-00000003"}));
}

TEST(Checkpoint, PassesOverWhatIsNotComplete) {
  const TestFolder folder;
  const fs::path good = write_checkpoint(folder.path(), at_step(1), 9);
  for (const std::int64_t step : {2, 3, 4, 5}) write_checkpoint(folder.path(), at_step(step), 9);
  fs::remove(folder / "step-00000002/state.json");
  fs::remove(folder / "step-00000003/weights.safetensors");
  fs::resize_file(folder / "step-00000004/optimizer.safetensors", 100);
  folder.file("step-00000005/state.json", R"({"step":5,"files":{"../weights":1},"state":null})");
  fs::create_directories(folder / ".step-00000009.partial");
  fs::create_directories(folder / "step-0000000x");
  folder.file("step-00000008", "a file");
  EXPECT_EQ(latest_checkpoint(folder.path()), good);
  EXPECT_THROW(read_checkpoint(folder / "step-00000004"), InvalidArgument);
  EXPECT_THROW(read_checkpoint(folder / "none"), InvalidArgument);
  // Broken ones do not count among the kept, leftovers go.
  write_checkpoint(folder.path(), at_step(6), 2);
  EXPECT_TRUE(fs::exists(good));
  EXPECT_FALSE(fs::exists(folder / ".step-00000009.partial"));
}

TEST(Checkpoint, RefusesBadNamesAndNumbers) {
  const TestFolder folder;
  EXPECT_THROW(write_checkpoint(folder.path(), at_step(-1), 1), InvalidArgument);
  EXPECT_THROW(write_checkpoint(folder.path(), at_step(1), 0), InvalidArgument);
  Checkpoint bad = at_step(1);
  bad.groups["../escape"] = {};
  EXPECT_THROW(write_checkpoint(folder.path(), bad, 1), InvalidArgument);
  EXPECT_FALSE(latest_checkpoint(folder.path()));
  write_checkpoint(folder.path(), at_step(1), 1);  // what the failure left does not stand in the way
}

// A process that writes checkpoints (every step twice) is killed at many instants; what is left is always a complete
// checkpoint, never older than what an earlier look saw.
TEST(Checkpoint, SurvivesKillAtAnyInstant) {
  const TestFolder folder;
  std::int64_t seen = 0;
  for (int round = 0; round < 25; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (std::int64_t step = seen + 1;; ++step) {
        write_checkpoint(folder.path(), at_step(step), 1);
        write_checkpoint(folder.path(), at_step(step), 1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + 3'700 * round));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const auto latest = latest_checkpoint(folder.path());
    ASSERT_TRUE(latest || seen == 0);
    if (!latest) continue;
    expect_whole(*latest);
    const std::int64_t step = read_checkpoint(*latest).step;
    EXPECT_GE(step, seen);
    seen = step;
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace hotshot::weights
