// What the one who runs the service looks at: whether it lives, whether it is ready, and its numbers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "net/router.h"
#include "net/server.h"
#include "service/metrics.h"
#include "service/service.h"

namespace hotshot::service {

/// The numbers of /metrics. What the server does is counted as it happens; what workers do, in other processes, is read
/// from the store at each scrape: jobs that ended since this process began are each counted once. Thread-safe.
class Measures {
 public:
  explicit Measures(Service& service);

  /// Where to ask for connections and worker processes of this server; without, they are left out. What is given must
  /// stay good until it is replaced by {}.
  void watch(std::function<net::ServerCounts()> server);
  void watch_workers(std::function<int()> running);

  /// The server is about to stop: /readyz says so from now on.
  void drain() { draining_ = true; }
  bool draining() const { return draining_; }

  /// Goes around everything, outermost: counts requests and their time until the answer begins.
  net::Middleware around();
  /// Asks the store, then writes everything.
  std::string text();

 private:
  void count_request(const net::Request& request, int status, double seconds);
  void ask_server();
  void ask_store();
  void count_ended_jobs();
  void count_ended(const store::EndedJob& job);
  std::string model_label(const std::string& model);

  Service& service_;
  MetricRegistry registry_;
  Metric &requests_, &request_seconds_, &connections_, &streams_, &accepted_, &turned_away_, &refused_;
  Metric &jobs_, &ended_, &queue_seconds_, &job_seconds_, &step_ms_, &phase_seconds_;
  Metric &bytes_, &webhooks_, &workers_, &busy_workers_, &process_memory_, &process_descriptors_;

  std::atomic<bool> draining_{false};
  std::mutex mutex_;  // one scrape at a time, and watch()
  std::function<net::ServerCounts()> server_;
  std::function<int()> running_;
  net::ServerCounts last_counts_;
  std::chrono::steady_clock::time_point bytes_due_{};
  std::int64_t ended_from_ms_;       // jobs that ended before are counted
  std::set<std::string> ended_ids_;  // or too old, or among these
  std::int64_t began_ms_;
};

/// GET /healthz (the process lives), /readyz (503 "draining" before its end; asks the store) and /metrics, which wants
/// a key of scope read wherever sign-in is asked for.
void add_operations(net::Router& router, Service& service, Measures& measures);

}  // namespace hotshot::service
