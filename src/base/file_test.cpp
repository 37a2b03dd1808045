#include "base/file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/test_support.h"

namespace hotshot {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("hotshot-file-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    fs::permissions(folder_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }

  fs::path folder_;
};

TEST_F(FileTest, AppearsWhole) {
  AtomicFile file(folder_ / "a.mp4");
  EXPECT_EQ(file.path().extension(), ".mp4");
  EXPECT_EQ(file.path().parent_path(), folder_);
  std::ofstream(file.path()) << "whole";
  EXPECT_FALSE(fs::exists(folder_ / "a.mp4"));
  file.commit();
  EXPECT_EQ(read_file(folder_ / "a.mp4"), "whole");
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, AnExceptionLeavesTheOldFile) {
  write_file(folder_ / "a", "old");
  try {
    AtomicFile file(folder_ / "a");
    std::ofstream(file.path()) << "half";
    throw std::runtime_error("stopped");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(files(), 1);
  write_file(folder_ / "a", "new");
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, TwoWritersOfOneFileDoNotMeet) {
  AtomicFile a(folder_ / "a"), b(folder_ / "a");
  std::ofstream(a.path()) << "first";
  std::ofstream(b.path()) << "second";
  a.commit();
  b.commit();
  EXPECT_EQ(read_file(folder_ / "a"), "second");
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, PlacesThatCannotBeWrittenAreTheUsersMistake) {
  EXPECT_NE(message_of([&] { write_file(folder_ / "none" / "a", "x"); }).find("none/a"), std::string::npos);
  EXPECT_NE(message_of([&] { write_file(folder_, "x"); }).find("is a folder"), std::string::npos);
  EXPECT_NE(message_of([&] { write_file("", "x"); }).find("expected a file name"), std::string::npos);
  if (::geteuid() != 0) {  // root may write everywhere
    fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_NE(message_of([&] { write_file(folder_ / "a", "x"); }).find("Permission denied"), std::string::npos);
  }
}

/// Runs in a child process, whose limits are its own; returns its exit status.
int in_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(action());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FileTest, AFullDiskLeavesTheOldFileAndNothingElse) {
  write_file(folder_ / "a", "old");
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);  // then writing fails as on a full disk
    const rlimit limit{100, 100};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file(folder_ / "a", std::string(100'000, 'x'));
    } catch (const InvalidArgument&) {
      return 1;
    } catch (const std::runtime_error& error) {
      return std::string(error.what()).find((folder_ / "a").string()) == std::string::npos ? 2 : 42;
    }
    return 3;
  });
  EXPECT_EQ(status, 42);
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(FileTest, ReadsAreBounded) {
  const std::string bytes("a\0b\n", 4);
  write_file(folder_ / "a", bytes);
  EXPECT_EQ(read_file(folder_ / "a"), bytes);
  EXPECT_EQ(read_file(folder_ / "a", 4), bytes);
  EXPECT_NE(message_of([&] { read_file(folder_ / "a", 3); }).find("at most 3 bytes"), std::string::npos);
  EXPECT_NE(message_of([&] { read_file(folder_ / "none"); }).find("none"), std::string::npos);
  EXPECT_NE(message_of([&] { read_file(folder_); }).find("cannot read"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_NE(message_of([&] { read_file(folder_ / "pipe"); }), "");  // and does not wait for a writer
  write_file(folder_ / "empty", "");
  EXPECT_EQ(read_file(folder_ / "empty"), "");
}

TEST_F(FileTest, FoldersAreMadeOrTheMistakeIsNamed) {
  make_folders(folder_ / "a/b", "here");
  make_folders(folder_ / "a/b", "here");
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b"));
  require_writable(folder_ / "a/b", "here");
  EXPECT_TRUE(fs::is_empty(folder_ / "a/b"));
  write_file(folder_ / "file", "x");
  EXPECT_NE(message_of([&] { make_folders(folder_ / "file/b", "here"); }).find("[here] cannot create"),
            std::string::npos);
  EXPECT_NE(message_of([&] { require_writable("/proc", "here"); }).find("[here] cannot write in /proc"),
            std::string::npos);
}

}  // namespace
}  // namespace hotshot
