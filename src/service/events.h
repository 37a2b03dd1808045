// Tells open event streams what changed. The store is the truth: its event log is read, whoever wrote it, so workers in
// other processes and on other machines are heard too.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "net/http.h"
#include "service/service.h"

namespace hotshot::service {

class EventHub {
 public:
  /// Reads the log from now on, on a thread of its own, while anybody listens.
  explicit EventHub(Service& service);
  ~EventHub();

  /// From now on `stream` gets what happens to jobs of `owner`, after what happened since event `last` (0: nothing).
  /// Asked again at every ping, `allowed` ends it: keys are revoked, sessions end.
  void listen(std::shared_ptr<net::Stream> stream, const std::string& owner, std::int64_t last,
              std::function<bool()> allowed);
  int listeners() const;
  /// HttpError 429 "busy" where `owner` has 1,024 streams open.
  void require_room(const std::string& owner) const;

  /// Shows `look` the job as it is now and after each of its changes, null once it is gone, until it returns false.
  /// Called on the hub's thread; must not take long.
  void watch(const std::string& job, std::function<bool(const store::Job*)> look);

 private:
  struct Listener {
    std::shared_ptr<net::Stream> stream;
    std::string owner;
    std::int64_t last = 0;
    std::function<bool()> allowed = {};
  };
  struct Watcher {
    std::string job;
    std::function<bool(const store::Job*)> look;
    std::int64_t version = -1;
  };
  void run(const std::stop_token& stop);
  void show_watchers();
  bool deliver();
  void ping();

  Service& service_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::list<Listener> listeners_;
  std::list<Watcher> watchers_;
  bool newcomers_ = false;  // among both: they want to know at once
  std::jthread thread_;
};

}  // namespace hotshot::service
