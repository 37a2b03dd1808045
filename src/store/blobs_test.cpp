#include "store/blobs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/file.h"
#include "store/sweep.h"
#include "store/test_support.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2, B.1

void make_older(const fs::path& path, int hours) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

int blob_count(BlobStore& blobs) {
  int count = 0;
  blobs.each(-1'000'000, [&](const Blob&) { ++count; });
  return count;
}

TEST(Digest, MatchesThePublishedOnes) {
  const TestFolder folder;
  EXPECT_EQ(sha256_text("abc"), kAbc);
  EXPECT_EQ(sha256_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_file(folder.file("abc", "abc")), kAbc);
  EXPECT_EQ(sha256_file(folder.file("a", std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const std::string large(3 << 20, 'b');
  EXPECT_EQ(sha256_file(folder.file("b", large)), sha256_text(large));
  EXPECT_EQ(sha256_file(folder.file("empty", "")), sha256_text(""));
  EXPECT_THROW(sha256_file(folder / "none"), std::runtime_error);
}

TEST(Blobs, KeepTheSameBytesOnce) {
  const TestFolder folder;
  const auto blobs = open_file_blobs(folder / "blobs");
  const Blob put = blobs->put("abc");
  EXPECT_EQ(put.sha256, kAbc);
  EXPECT_EQ(put.bytes, 3u);
  const fs::path source = folder.file("abc.mp4", "abc");
  EXPECT_EQ(blobs->put_file(source).sha256, kAbc);
  EXPECT_FALSE(fs::exists(source));
  EXPECT_EQ(blob_count(*blobs), 1);
  const auto found = blobs->find(kAbc);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, folder / ("blobs/" + kAbc.substr(0, 2) + "/" + kAbc.substr(2)));
  EXPECT_EQ(read_file(*found), "abc");
  EXPECT_TRUE(fs::is_empty(folder / "blobs/tmp"));
  EXPECT_TRUE(blobs->remove(kAbc));
  EXPECT_TRUE(blobs->remove(kAbc));
  EXPECT_FALSE(blobs->find(kAbc));
}

TEST(Blobs, RefuseOtherNamesAndFiles) {
  const TestFolder folder;
  const auto blobs = open_file_blobs(folder / "blobs");
  for (const std::string& name : {std::string(), std::string("../../etc/passwd"), kAbc.substr(1), kAbc + "0",
                                  std::string(64, 'A'), std::string(63, 'a') + "/", std::string(64, '.')}) {
    EXPECT_EQ(message_of([&] { blobs->find(name); }).find("[blobs] expected 64 hex digits"), 0u) << name;
    EXPECT_NE(message_of([&] { blobs->remove(name); }), "") << name;
  }
  EXPECT_THROW(blobs->put_file(folder / "none"), std::runtime_error);
  const fs::path secret = folder.file("secret", "s");
  fs::create_symlink(secret, folder / "link");
  EXPECT_THROW(blobs->put_file(folder / "link"), std::runtime_error);
  EXPECT_TRUE(fs::exists(secret));
}

// /dev/shm is on another file system than the folder for temporary files nearly everywhere.
TEST(Blobs, TakeFilesFromAnotherFileSystem) {
  const TestFolder folder;
  struct stat here = {}, there = {};
  if (::stat(folder.path().c_str(), &here) != 0 || ::stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev)
    GTEST_SKIP() << "one file system only";
  const auto blobs = open_file_blobs(folder / "blobs");
  const fs::path source = fs::path("/dev/shm") / ("hotshot-test-" + std::to_string(::getpid()));
  write_file(source, "abc");
  EXPECT_EQ(blobs->put_file(source).sha256, kAbc);
  EXPECT_FALSE(fs::exists(source));
  EXPECT_EQ(read_file(blobs->find(kAbc).value()), "abc");
  EXPECT_TRUE(fs::is_empty(folder / "blobs/tmp"));
}

TEST(Blobs, HealAndOutliveCrashes) {
  const TestFolder folder;
  auto blobs = open_file_blobs(folder / "blobs");
  const fs::path path = blobs->find(blobs->put("abc").sha256).value();
  folder.file("blobs/tmp/old", "half");
  folder.file("blobs/tmp/new", "half");
  make_older(folder / "blobs/tmp/old", 25);
  make_older(folder / "blobs/tmp/new", 23);
  fs::resize_file(path, 1);  // a disk that lost bytes
  blobs = open_file_blobs(folder / "blobs");
  EXPECT_FALSE(fs::exists(folder / "blobs/tmp/old"));
  EXPECT_TRUE(fs::exists(folder / "blobs/tmp/new"));
  blobs->put("abc");
  EXPECT_EQ(read_file(path), "abc");
}

TEST(Blobs, ProcessesThatDieLeaveWholeBlobs) {
  const TestFolder folder;
  const std::string bytes(300'000, 'q');
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto blobs = open_file_blobs(folder / "blobs");
      for (int i = 0;; ++i) blobs->put(bytes + std::to_string(round * 1000 + i));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(3'000 + 1'700 * round));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
  const auto blobs = open_file_blobs(folder / "blobs");
  int count = 0;
  blobs->each(-1'000'000, [&](const Blob& blob) {
    ++count;
    EXPECT_EQ(sha256_file(blobs->find(blob.sha256).value()), blob.sha256);
  });
  EXPECT_GT(count, 10);
}

TEST(Blobs, StayForAGraceAfterTheyWerePut) {
  const TestFolder folder;
  const auto blobs = open_file_blobs(folder / "blobs");
  const fs::path path = blobs->find(blobs->put("abc").sha256).value();
  EXPECT_FALSE(blobs->remove(kAbc, 60'000));
  make_older(path, 1);
  blobs->put("abc");  // again: young again
  EXPECT_FALSE(blobs->remove(kAbc, 60'000));
  make_older(path, 1);
  EXPECT_TRUE(blobs->remove(kAbc, 60'000));
  const fs::path old = folder.file("old.mp4", "abc");
  make_older(old, 5);
  blobs->put_file(old);
  EXPECT_FALSE(blobs->remove(kAbc, 60'000));
}

TEST(Sweep, RemovesWhatNoJobNeeds) {
  TestStore store;
  const auto blobs = open_file_blobs(store.folder / "blobs");
  const Blob kept = blobs->put("kept"), shared = blobs->put("shared"), gone = blobs->put("gone"),
             unknown = blobs->put("never heard of");
  const auto file = [](const Blob& blob) { return JobFile{"input", blob.sha256, "image/png", blob.bytes}; };
  NewJob one = new_job(), two = new_job();
  one.files = {file(kept), file(shared)};
  two.files = {file(shared), file(gone), file(gone)};
  store.add(one);
  const std::string id = store.add(two);
  EXPECT_EQ(sweep(store.jobs, *blobs, 0), 0);
  EXPECT_EQ(store.jobs.remove(id), std::vector{gone.sha256});
  EXPECT_EQ(sweep(store.jobs, *blobs, 60'000), 0);  // put just now
  EXPECT_EQ(store.jobs.unneeded_blobs(), std::vector{gone.sha256});
  EXPECT_EQ(sweep(store.jobs, *blobs, 0), 1);
  EXPECT_FALSE(blobs->find(gone.sha256));
  EXPECT_TRUE(blobs->find(shared.sha256));
  EXPECT_TRUE(store.jobs.unneeded_blobs().empty());
  EXPECT_EQ(sweep_all(store.jobs, *blobs, 60'000), 0);
  EXPECT_EQ(sweep_all(store.jobs, *blobs, -1'000'000), 1);
  EXPECT_FALSE(blobs->find(unknown.sha256));
  EXPECT_EQ(blob_count(*blobs), 2);
}

}  // namespace
}  // namespace hotshot::store
