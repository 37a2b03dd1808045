#include "media/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <new>
#include <thread>

#include "media/test_support.h"

namespace hotshot::media {
namespace {

void ignore(std::uint32_t, const std::string&) {}

/// The message that a child doing `work` ends in, "" for a good end.
std::string outcome(const std::function<void(SandboxPipe&)>& work, SandboxLimits limits = {}) {
  return message_of([&] { run_sandboxed("file.mp4", 0, limits, work, ignore); });
}

TEST(Sandbox, MessagesArriveInOrder) {
  std::vector<std::pair<std::uint32_t, std::string>> got;
  const std::string large(3 << 20, 'x');
  run_sandboxed(
      "f", 0, {},
      [&](SandboxPipe& pipe) {
        pipe.send(1, "abc", 3);
        pipe.send(2, large.data(), large.size());
        pipe.send(3, nullptr, 0);
      },
      [&](std::uint32_t kind, const std::string& payload) { got.emplace_back(kind, payload); });
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].second, "abc");
  EXPECT_EQ(got[1].second, large);
  EXPECT_EQ(got[2].first, 3u);
}

TEST(Sandbox, DeathsAreClearErrors) {
  EXPECT_NE(outcome([](SandboxPipe&) { ::raise(SIGKILL); }).find("file.mp4: cannot be read"), std::string::npos);
  EXPECT_NE(outcome([](SandboxPipe&) { ::_exit(9); }).find("exit status 9"), std::string::npos);
  EXPECT_NE(outcome([](SandboxPipe& pipe) {
              pipe.send(1, "x", 1);
              ::raise(SIGABRT);
            }).find("Aborted"),
            std::string::npos);
}

TEST(Sandbox, ErrorsKeepTheirKind) {
  EXPECT_EQ(outcome([](SandboxPipe&) { throw InvalidArgument("bad bits"); }), "bad bits");
  EXPECT_THROW(run_sandboxed(
                   "f", 0, {}, [](SandboxPipe&) { throw std::runtime_error("ours"); }, ignore),
               std::runtime_error);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(Sandbox, MemoryIsLimited) {
  const std::string message = outcome(
      [](SandboxPipe& pipe) {
        std::string large(512u << 20, 'x');
        pipe.send(1, &large[5], 1);
      },
      {.memory_bytes = 64u << 20});
  EXPECT_NE(message.find("64 MiB"), std::string::npos) << message;
}
#endif

TEST(Sandbox, TimeIsLimited) {
  const auto spin = [](SandboxPipe&) {
    std::atomic<std::uint64_t> steps{0};
    for (;;) ++steps;
  };
  EXPECT_NE(outcome(spin, {.cpu_seconds = 1}).find("processor time"), std::string::npos);
  const auto sleep = [](SandboxPipe&) { std::this_thread::sleep_for(std::chrono::seconds(60)); };
  EXPECT_NE(outcome(sleep, {.wall_seconds = 1}).find("took more than 1 s"), std::string::npos);
}

TEST(Sandbox, ChildCannotWriteFilesAndSeesOnlyItsFile) {
  const TestFolder folder;
  const auto path = (folder / "made").string();
  const int other = ::open("/dev/null", O_RDONLY);
  std::string got;
  run_sandboxed(
      "f", 0, {},
      [&](SandboxPipe& pipe) {
        std::signal(SIGXFSZ, SIG_IGN);
        const int made = ::open(path.c_str(), O_CREAT | O_WRONLY, 0600);
        const bool wrote = ::write(made, "x", 1) == 1;
        const bool sees = ::fcntl(other, F_GETFD) >= 0 && other != made;
        const std::string text = std::string(wrote ? "wrote " : "") + (sees ? "sees" : "");
        pipe.send(1, text.data(), text.size());
      },
      [&](std::uint32_t, const std::string& payload) { got = payload; });
  ::close(other);
  EXPECT_EQ(got.find("wrote"), std::string::npos) << got;
}

TEST(Sandbox, ChildReachesNothingElse) {
  const pid_t parent = ::getpid();
  std::string reached = "nothing was said";
  run_sandboxed(
      "f", 0, {},
      [&](SandboxPipe& pipe) {
        std::string text;
        if (::open("/etc/passwd", O_RDONLY) >= 0) text += "files ";
        if (::socket(AF_INET, SOCK_STREAM, 0) >= 0) text += "network ";
        if (::kill(parent, 0) == 0) text += "processes ";
        if (::fork() >= 0) text += "fork ";
        if (::system("true") == 0) text += "programs ";
        pipe.send(1, text.data(), text.size());
      },
      [&](std::uint32_t, const std::string& payload) { reached = payload; });
  EXPECT_EQ(reached, "");
}

class Cancel : public Progress {
 public:
  void begin(std::string_view, std::int64_t) override {}
  void advance(std::int64_t) override {}
  bool cancelled() const override { return true; }
};

TEST(Sandbox, CancelKillsTheChild) {
  Cancel progress;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_THROW(
      run_sandboxed(
          "f", 0, {}, [](SandboxPipe&) { std::this_thread::sleep_for(std::chrono::seconds(60)); }, ignore, &progress),
      Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no child is left
}

TEST(Sandbox, HugeMessagesAreRefused) {
  EXPECT_NE(
      outcome([](SandboxPipe& pipe) { pipe.send(1, std::string(5000, 'x').data(), 5000); }, {.message_bytes = 1000})
          .find("nonsense"),
      std::string::npos);
}

}  // namespace
}  // namespace hotshot::media
