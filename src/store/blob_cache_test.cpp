#include "store/blob_cache.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/test_support.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

void make_older(const fs::path& path, std::chrono::seconds by) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - by);
}

BlobCache::Fetch fetch_of(const std::string& bytes) {
  return [bytes](const fs::path& to) {
    write_file(to, bytes);
    return true;
  };
}

const BlobCache::Fetch kNothing = [](const fs::path&) { return false; };

// Ten kilobytes of a letter, in the cache and last used that long ago.
std::string filled(BlobCache& cache, char letter, std::chrono::seconds used) {
  const std::string bytes(10'000, letter), name = sha256_text(bytes);
  make_older(cache.find(name, fetch_of(bytes)).value(), used);
  return name;
}

bool has(BlobCache& cache, const std::string& name) { return cache.find(name, kNothing).has_value(); }

TEST(BlobCache, FetchesOnce) {
  const TestFolder folder;
  BlobCache cache(folder / "cache", 1 << 20);
  const std::string name = sha256_text("abc");
  EXPECT_FALSE(has(cache, name));
  EXPECT_EQ(read_file(cache.find(name, fetch_of("abc")).value()), "abc");
  EXPECT_EQ(read_file(cache.find(name, kNothing).value()), "abc");
  EXPECT_TRUE(has(*std::make_unique<BlobCache>(folder / "cache", 1 << 20), name));
  cache.remove(name);
  EXPECT_FALSE(has(cache, name));
  EXPECT_EQ(cache.keep(folder.file("given", "abc")).sha256, name);
  EXPECT_TRUE(has(cache, name));
  EXPECT_FALSE(fs::exists(folder / "given"));
}

TEST(BlobCache, TakesNoOtherBytes) {
  const TestFolder folder;
  BlobCache cache(folder / "cache", 1 << 20);
  EXPECT_THROW(cache.find(sha256_text("abc"), fetch_of("abd")), std::runtime_error);
  EXPECT_FALSE(has(cache, sha256_text("abc")));
  EXPECT_THROW(cache.find("../abc", kNothing), InvalidArgument);
  EXPECT_THROW(cache.find(sha256_text("abc"),
                          [](const fs::path& to) -> bool {
                            write_file(to, "half");
                            throw std::runtime_error("cut off");
                          }),
               std::runtime_error);
  EXPECT_TRUE(fs::is_empty(folder / "cache/tmp"));
}

TEST(BlobCache, WhatWasNotAskedForLongestGivesWay) {
  using std::chrono::minutes;
  const TestFolder folder;
  BlobCache cache(folder / "cache", 35'000);
  const std::string a = filled(cache, 'a', minutes(50)), b = filled(cache, 'b', minutes(40)),
                    c = filled(cache, 'c', minutes(30)), d = filled(cache, 'd', minutes(20));
  cache.trim();
  EXPECT_FALSE(has(cache, a));
  EXPECT_TRUE(has(cache, b));  // asked for: now the youngest
  filled(cache, 'e', minutes(10));
  cache.trim();
  EXPECT_TRUE(has(cache, b));
  EXPECT_FALSE(has(cache, c));
  EXPECT_TRUE(has(cache, d));
}

TEST(BlobCache, ComesBackToItsBoundByItself) {
  const TestFolder folder;
  BlobCache cache(folder / "cache", 50'000);
  for (char letter = 'a'; letter <= 'z'; ++letter) filled(cache, letter, std::chrono::minutes(5));
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder / "cache"))
    if (entry.is_regular_file()) bytes += entry.file_size();
  EXPECT_LE(bytes, 60'000u);
  EXPECT_GE(bytes, 40'000u);
}

TEST(BlobCache, WhatWasAskedForInTheLastMinuteStays) {
  const TestFolder folder;
  BlobCache cache(folder / "cache", 1000);
  const std::string young = filled(cache, 'y', std::chrono::seconds(30));
  cache.trim();
  EXPECT_TRUE(has(cache, young));
}

TEST(BlobCache, NothingStaysForMoreThanAWeek) {
  const TestFolder folder;
  std::string old, young;
  {
    BlobCache cache(folder / "cache", 1 << 20);
    old = filled(cache, 'o', std::chrono::hours(24 * 7 + 1));
    young = filled(cache, 'y', std::chrono::hours(24 * 7 - 1));
  }
  BlobCache cache(folder / "cache", 1 << 20);
  EXPECT_FALSE(has(cache, old));
  EXPECT_TRUE(has(cache, young));
}

TEST(BlobCache, ManyWhoAskAtOnceFetchOnce) {
  const TestFolder folder;
  const std::string bytes(100'000, 'm'), name = sha256_text(bytes);
  void* const shared =
      ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& fetches = *new (shared) std::atomic<int>(0);
  const auto ask = [&](BlobCache& cache) {
    const auto path = cache.find(name, [&](const fs::path& to) {
      ++fetches;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      write_file(to, bytes);
      return true;
    });
    return path && sha256_file(*path) == name;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    BlobCache cache(folder / "cache", 1 << 20);
    ::_exit(ask(cache) ? 0 : 1);
  }
  BlobCache cache(folder / "cache", 1 << 20);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(ask(cache)); });
  for (std::thread& thread : threads) thread.join();
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(fetches, 1);
  ::munmap(shared, sizeof(std::atomic<int>));
}

TEST(BlobCache, ProcessesThatDieLeaveItSound) {
  const TestFolder folder;
  for (int round = 0; round < 15; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      BlobCache cache(folder / "cache", 500'000);
      for (int i = 0;; ++i) {
        const std::string bytes = std::string(50'000, 'k') + std::to_string(i % 40);
        cache.find(sha256_text(bytes), fetch_of(bytes));
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(4 + 3 * round));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
  BlobCache cache(folder / "cache", 500'000);
  int found = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string bytes = std::string(50'000, 'k') + std::to_string(i), name = sha256_text(bytes);
    if (const auto path = cache.find(name, kNothing)) {
      ++found;
      EXPECT_EQ(sha256_file(*path), name);
    }
    EXPECT_EQ(sha256_file(cache.find(name, fetch_of(bytes)).value()), name);  // no lock was left
  }
  EXPECT_GT(found, 3);
}

}  // namespace
}  // namespace hotshot::store
