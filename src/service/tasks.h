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
  bool run(std::function<void(const std::stop_token&)> work, int most = 8);

 private:
  struct Task {
    std::jthread thread;
    bool over = false;
  };
  std::mutex mutex_;
  std::list<Task> tasks_;
};

}  // namespace hotshot::service
