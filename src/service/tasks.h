// Work that takes too long for a server thread.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace hotshot::service {

/// Each task on a thread of its own. At the end all are asked to stop and waited for.
class Tasks {
 public:
  ~Tasks();
  /// Runs `work`; what it throws goes to stderr. False, and nothing is run, where `most` run already.
  bool run(std::function<void(const std::stop_token&)> work, int most = kMost);
  /// Whether as many run as run() takes: for a refusal before an answer has begun.
  bool busy();

 private:
  static constexpr int kMost = 8;
  struct Task {
    std::jthread thread;
    bool over = false;
  };
  void forget_ended();  // under the lock

  std::mutex mutex_;
  std::list<Task> tasks_;
};

}  // namespace hotshot::service
