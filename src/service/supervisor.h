// Worker processes: started, and started again when they end.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hotshot::service {

/// Keeps `count` processes of `command` running. One that ends at once again and again is started ever more slowly (up
/// to every 30 seconds). At the end they get SIGTERM, and SIGKILL after `patience_seconds`.
class Supervisor {
 public:
  Supervisor(std::vector<std::string> command, int count, int patience_seconds = 60);
  ~Supervisor();
  /// Process ids of those that run now.
  std::vector<pid_t> running() const;

 private:
  class Child;
  std::vector<std::unique_ptr<Child>> children_;
};

}  // namespace hotshot::service
