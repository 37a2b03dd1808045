#include "service/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace hotshot::service {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return value_; }
  void close() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
  }

 private:
  int value_;
};

// A file without a name, at its beginning.
int file_of(std::string_view bytes) {
  const int file = ::memfd_create("input", MFD_CLOEXEC);
  ensure(file >= 0, "command", "cannot keep {} bytes: {}", bytes.size(), std::strerror(errno));
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      ::close(file);
      throw_failure("command", "cannot write its input");
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(file, 0, SEEK_SET);
  return file;
}

// A child that leads a group of its own; killed with the group unless it was waited for.
class Child {
 public:
  Child(const std::vector<std::string>& command, int in, int out) {
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::vector<std::string> kept;
    for (const char* name : {"PATH", "HOME", "LANG"}) {
      if (const char* value = std::getenv(name)) kept.push_back(fmt::format("{}={}", name, value));
    }
    std::vector<char*> environment;
    for (std::string& variable : kept) environment.push_back(variable.data());
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out, 1);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error =
        ::posix_spawnp(&pid_, command.front().c_str(), &actions, &attributes, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0) pid_ = 0;
    ensure(error == 0, "command", "cannot start {}: {}", command.front(), std::strerror(error));
  }
  ~Child() {
    if (pid_ == 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Whether it is over; then `status` is waitpid's.
  bool over(int& status) {
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    ::kill(-pid_, SIGKILL);  // what it left behind
    pid_ = 0;
    return true;
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace

std::string run_command(const std::vector<std::string>& command, std::string_view input, const CommandLimits& limits) {
  require(!command.empty() && !command.front().empty(), "command", "expected a program but got {} words",
          command.size());
  std::array<int, 2> ends{};
  ensure(::pipe2(ends.data(), O_CLOEXEC) == 0, "command", "cannot make a pipe: {}", std::strerror(errno));
  Descriptor from(ends[0]), to(ends[1]), in(file_of(input));
  Child child(command, *in, *to);
  to.close();
  const auto deadline = Clock::now() + limits.time;
  const auto check = [&] {
    if (limits.cancelled && limits.cancelled()) throw Cancelled();
    ensure(Clock::now() < deadline, "command", "expected {} to answer within {} ms but it did not", command.front(),
           limits.time.count());
  };
  std::string output;
  std::array<char, 4096> piece{};
  for (;;) {
    check();
    pollfd waiting{*from, POLLIN, 0};
    if (::poll(&waiting, 1, 100) <= 0) continue;
    const ssize_t count = ::read(*from, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    ensure(count >= 0, "command", "cannot read what {} says: {}", command.front(), std::strerror(errno));
    if (count == 0) break;
    output.append(piece.data(), static_cast<std::size_t>(count));
    ensure(output.size() <= limits.max_output, "command", "expected {} to say at most {} bytes but it says more",
           command.front(), limits.max_output);
  }
  int status = 0;
  while (!child.over(status)) {
    check();
    std::this_thread::sleep_for(milliseconds(2));
  }
  ensure(WIFEXITED(status) && WEXITSTATUS(status) == 0, "command", "expected {} to end well but it ended with {} {}",
         command.front(), WIFSIGNALED(status) ? "signal" : "exit status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  return output;
}

}  // namespace hotshot::service
