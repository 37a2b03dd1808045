#include "service/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/error.h"

namespace hotshot::service {
namespace {

using Clock = std::chrono::steady_clock;

pid_t start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  // Nothing of the server's: a worker that outlives it must not hold its port or its clients' connections.
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ensure(error == 0, "worker", "cannot start {}: {}", command.front(), std::strerror(error));
  return pid;
}

}  // namespace

class Supervisor::Child {
 public:
  Child(const std::vector<std::string>& command, int patience_seconds)
      : command_(command), patience_(patience_seconds), thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Child() {
    thread_.request_stop();
    wake_.notify_all();
  }
  pid_t pid() const { return pid_; }
  void request_stop() {
    thread_.request_stop();
    wake_.notify_all();
  }

 private:
  void run(const std::stop_token& stop) {
    std::chrono::milliseconds pause{100};
    while (!stop.stop_requested()) {
      const auto began = Clock::now();
      try {
        pid_ = start(command_);
        wait(stop);
      } catch (const std::exception& error) {
        std::fputs(fmt::format("hotshot serve: {}\n", error.what()).c_str(), stderr);
      }
      pid_ = 0;
      if (stop.stop_requested()) return;
      const bool lasted = Clock::now() - began > std::chrono::seconds(10);
      pause = lasted ? std::chrono::milliseconds(100) : std::min(pause * 2, std::chrono::milliseconds(30'000));
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, pause, [] { return false; });
    }
  }

  // Until the process is gone.
  void wait(const std::stop_token& stop) {
    Clock::time_point asked{};
    for (;;) {
      int status = 0;
      const pid_t gone = ::waitpid(pid_, &status, WNOHANG);
      if (gone == pid_ || (gone < 0 && errno != EINTR)) {
        if (gone == pid_ && !stop.stop_requested()) {
          std::fputs(fmt::format("hotshot serve: worker {} ended by {} {}; starting another\n", pid_.load(),
                                 WIFSIGNALED(status) ? "signal" : "exit",
                                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))
                         .c_str(),
                     stderr);
        }
        return;
      }
      if (stop.stop_requested()) {
        if (asked == Clock::time_point{}) {
          asked = Clock::now();
          ::kill(pid_, SIGTERM);
        } else if (Clock::now() - asked > std::chrono::seconds(patience_)) {
          ::kill(pid_, SIGKILL);
        }
      }
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::milliseconds(20));
    }
  }

  const std::vector<std::string> command_;
  const int patience_;
  std::atomic<pid_t> pid_{0};
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

Supervisor::Supervisor(std::vector<std::string> command, int count, int patience_seconds) {
  require(!command.empty(), "worker", "expected a command but got {}", command.size());
  for (int i = 0; i < count; ++i) children_.push_back(std::make_unique<Child>(command, patience_seconds));
}

Supervisor::~Supervisor() {
  for (const auto& child : children_) child->request_stop();
}

std::vector<pid_t> Supervisor::running() const {
  std::vector<pid_t> pids;
  for (const auto& child : children_) {
    if (const pid_t pid = child->pid(); pid > 0) pids.push_back(pid);
  }
  return pids;
}

}  // namespace hotshot::service
