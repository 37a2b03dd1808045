// What every place for blobs does. Places differ in test_blobs.h alone.
#include "store/blobs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "store/sweep.h"
#include "store/test_blobs.h"
#include "store/test_support.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2, B.1

int blob_count(BlobStore& blobs) {
  int count = 0;
  blobs.each(-1'000'000, [&](const Blob&) { ++count; });
  return count;
}

class AnyBlobs : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "S3Server" && !S3TestServer::get().is_there())
      GTEST_SKIP() << "no S3 server: " << S3TestServer::get().endpoint;
    if (GetParam() == "Folder") place = std::make_unique<FolderPlace>();
    if (GetParam() == "S3InTest") place = std::make_unique<TestS3Place>();
    if (GetParam() == "S3Server") place = std::make_unique<S3ServerPlace>();
    blobs = place->open();
  }

  std::unique_ptr<BlobPlace> place;
  std::unique_ptr<BlobStore> blobs;
};

INSTANTIATE_TEST_SUITE_P(In, AnyBlobs, testing::Values("Folder", "S3InTest", "S3Server"),
                         [](const auto& info) { return info.param; });

TEST_P(AnyBlobs, KeepTheSameBytesOnce) {
  const Blob put = blobs->put("abc");
  EXPECT_EQ(put.sha256, kAbc);
  EXPECT_EQ(put.bytes, 3u);
  const fs::path source = place->folder.file("abc.mp4", "abc");
  EXPECT_EQ(blobs->put_file(source).sha256, kAbc);
  EXPECT_FALSE(fs::exists(source));
  EXPECT_EQ(blob_count(*blobs), 1);
  const auto found = blobs->find(kAbc);
  ASSERT_TRUE(found);
  EXPECT_EQ(read_file(*found), "abc");
  EXPECT_TRUE(blobs->remove(kAbc));
  EXPECT_TRUE(blobs->remove(kAbc));
  EXPECT_FALSE(blobs->find(kAbc));
  EXPECT_EQ(blob_count(*blobs), 0);
}

TEST_P(AnyBlobs, OtherMachinesSeeThem) {
  const std::string large(13'000'000, 'x');  // in parts, where there are any
  const Blob empty = blobs->put(""), small = blobs->put("abc");
  const Blob big = blobs->put_file(place->folder.file("large", large));
  EXPECT_EQ(big.bytes, large.size());
  const auto other = place->open();
  EXPECT_EQ(read_file(other->find(empty.sha256).value()), "");
  EXPECT_EQ(read_file(other->find(small.sha256).value()), "abc");
  EXPECT_EQ(sha256_file(other->find(big.sha256).value()), big.sha256);
  std::uint64_t bytes = 0;
  other->each(-1'000'000, [&](const Blob& blob) { bytes += blob.bytes; });
  EXPECT_EQ(bytes, large.size() + 3);
  EXPECT_TRUE(other->remove(small.sha256));
  EXPECT_FALSE(other->find(small.sha256));
  EXPECT_FALSE(place->open()->find(small.sha256));
}

TEST_P(AnyBlobs, RefuseOtherNamesAndFiles) {
  for (const std::string& name : {std::string(), std::string("../../etc/passwd"), kAbc.substr(1), kAbc + "0",
                                  std::string(64, 'A'), std::string(63, 'a') + "/", std::string(64, '.')}) {
    EXPECT_EQ(message_of([&] { blobs->find(name); }).find("[blobs] expected 64 hex digits"), 0u) << name;
    EXPECT_NE(message_of([&] { blobs->remove(name); }), "") << name;
  }
  EXPECT_THROW(blobs->put_file(place->folder / "none"), std::runtime_error);
  const fs::path secret = place->folder.file("secret", "s");
  fs::create_symlink(secret, place->folder / "link");
  EXPECT_THROW(blobs->put_file(place->folder / "link"), std::runtime_error);
  EXPECT_TRUE(fs::exists(secret));
  EXPECT_EQ(blob_count(*blobs), 0);
}

// /dev/shm is on another file system than the folder for temporary files nearly everywhere.
TEST_P(AnyBlobs, TakeFilesFromAnotherFileSystem) {
  struct stat here = {}, there = {};
  if (::stat(place->folder.path().c_str(), &here) != 0 || ::stat("/dev/shm", &there) != 0 ||
      here.st_dev == there.st_dev)
    GTEST_SKIP() << "one file system only";
  const fs::path source = fs::path("/dev/shm") / ("hotshot-test-" + std::to_string(::getpid()));
  write_file(source, "abc");
  EXPECT_EQ(blobs->put_file(source).sha256, kAbc);
  EXPECT_FALSE(fs::exists(source));
  EXPECT_EQ(read_file(blobs->find(kAbc).value()), "abc");
}

TEST_P(AnyBlobs, ProcessesThatDieLeaveWholeBlobs) {
  if (GetParam() == "S3Server") GTEST_SKIP() << "this server keeps half an object of a put that broke off";
  const std::string bytes(300'000, 'q');
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto own = place->open();
      for (int i = 0;; ++i) own->put(bytes + std::to_string(round * 1000 + i));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(10'000 + 8'000 * round));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
  int count = 0;
  blobs->each(-1'000'000, [&](const Blob& blob) {
    ++count;
    EXPECT_EQ(sha256_file(blobs->find(blob.sha256).value()), blob.sha256);
  });
  EXPECT_GT(count, 5);
}

TEST_P(AnyBlobs, StayForAGraceAfterTheyWerePut) {
  blobs->put("abc");
  EXPECT_FALSE(blobs->remove(kAbc, 60'000));
  place->make_older(kAbc, 1);
  place->open()->put("abc");  // again, on another machine: young again
  EXPECT_FALSE(blobs->remove(kAbc, 60'000));
  place->make_older(kAbc, 1);
  EXPECT_TRUE(blobs->remove(kAbc, 60'000));
  const fs::path old = place->folder.file("old.mp4", "abc");
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(5));
  blobs->put_file(old);
  EXPECT_FALSE(blobs->remove(kAbc, 60'000));
  EXPECT_EQ(read_file(place->open()->find(kAbc).value()), "abc");
}

TEST_P(AnyBlobs, EachKnowsWhenTheyWerePutLast) {
  const std::string old = blobs->put("old").sha256, again = blobs->put("again").sha256;
  blobs->put("new");
  place->make_older(old, 3);
  place->make_older(again, 3);
  blobs->put("again");
  std::vector<std::string> found;
  blobs->each(3'600'000, [&](const Blob& blob) { found.push_back(blob.sha256); });
  EXPECT_EQ(found, std::vector{old});
  EXPECT_EQ(blob_count(*blobs), 3);
}

// Machines put, read and remove the same few blobs: bytes that are there are right, and what was put last stays.
TEST_P(AnyBlobs, ManyAtOnce) {
  std::vector<std::unique_ptr<BlobStore>> machines;
  for (int i = 0; i < 3; ++i) machines.push_back(place->open());
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      BlobStore& own = *machines[t % 3];
      for (int i = 0; i < 12; ++i) {
        const std::string bytes(20'000, static_cast<char>('a' + (i + t) % 4));
        const std::string name = own.put(bytes).sha256;
        if (const auto path = machines[i % 3]->find(name)) {
          std::error_code gone;  // another may have removed it meanwhile
          if (fs::exists(*path, gone) && fs::file_size(*path, gone) == bytes.size() && !gone) {
            try {
              EXPECT_EQ(read_file(*path), bytes);
            } catch (const InvalidArgument&) {
            }
          }
        }
        if (i % 3 == 2) own.remove(name);
        EXPECT_FALSE(own.remove(own.put(bytes + "!").sha256, 60'000));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const char c : {'a', 'b', 'c', 'd'}) {
    const std::string bytes = std::string(20'000, c) + "!";
    EXPECT_EQ(read_file(place->open()->find(sha256_text(bytes)).value()), bytes);
  }
}

TEST_P(AnyBlobs, SweepRemovesWhatNoJobNeeds) {
  TestStore store;
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

TEST(FileBlobs, HealAndOutliveCrashes) {
  FolderPlace place;
  auto blobs = place.open();
  const fs::path path = blobs->find(blobs->put("abc").sha256).value();
  EXPECT_EQ(path, place.folder / ("blobs/" + kAbc.substr(0, 2) + "/" + kAbc.substr(2)));
  EXPECT_TRUE(fs::is_empty(place.folder / "blobs/tmp"));
  for (const auto& [name, hours] : {std::pair{"blobs/tmp/old", 25}, {"blobs/tmp/new", 23}}) {
    fs::last_write_time(place.folder.file(name, "half"), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  fs::resize_file(path, 1);  // a disk that lost bytes
  blobs = place.open();
  EXPECT_FALSE(fs::exists(place.folder / "blobs/tmp/old"));
  EXPECT_TRUE(fs::exists(place.folder / "blobs/tmp/new"));
  blobs->put("abc");
  EXPECT_EQ(read_file(path), "abc");
  EXPECT_FALSE(blobs->link(kAbc, std::chrono::hours(1), {}));
}

}  // namespace
}  // namespace hotshot::store
