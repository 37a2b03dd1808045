// Takes jobs one after the other, renders them, and stores what came of it. A process of its own in production; a
// thread in tests. May be killed at any instant: the store knows what it held.
#pragma once

#include <atomic>
#include <string>

#include "service/renderer.h"
#include "service/service.h"

namespace hotshot::service {

struct WorkerOptions {
  std::string name;  // "host-pid", unique among workers
  int lease_ms = 30'000;
  int poll_ms = 100;  // between looks for a job when there was none, where the database cannot tell
};

class Worker {
 public:
  Worker(Service& service, Renderer& renderer, WorkerOptions options);

  /// Works until stop(). A job in hand is given back then.
  void run();
  /// Takes and ends one job; false where none waits.
  bool run_one();
  /// May be called from a signal handler.
  void stop() { stopping_ = true; }

 private:
  class Attempt;
  void wait_for_job();
  void finish(const Attempt& attempt, const store::JobOutcome& outcome);
  void make(Attempt& attempt, store::JobOutcome& outcome);
  Service& service_;
  Renderer& renderer_;
  WorkerOptions options_;
  std::atomic<bool> stopping_{false};
};

/// The program's own name for this process: host name and process id.
std::string worker_name();

}  // namespace hotshot::service
