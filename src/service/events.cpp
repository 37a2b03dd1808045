#include "service/events.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "base/error.h"
#include "service/job_json.h"

namespace hotshot::service {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kLookAnyway{2};  // where the database says that nothing happened
constexpr std::chrono::seconds kPing{15};
constexpr std::ptrdiff_t kMostStreams = 1024;  // of one account
constexpr int kBatch = 1000;
constexpr std::int64_t kMostPast = 1000;
constexpr int kPlaces = 16;  // in the queue, told in one batch: each costs a look at everybody's jobs

std::string event_text(std::int64_t number, std::string_view kind, const std::string& data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", number, kind, data);
}

}  // namespace

EventHub::EventHub(Service& service) : service_(service), thread_([this](const std::stop_token& stop) { run(stop); }) {}

EventHub::~EventHub() {
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
  for (Listener& listener : listeners_) listener.stream->close();
}

void EventHub::listen(std::shared_ptr<net::Stream> stream, const std::string& owner, std::int64_t last,
                      std::function<bool()> allowed) {
  const std::int64_t newest = service_.jobs().newest_event();
  // Who was away for long lists jobs again anyway; nobody else waits while its past is read.
  const std::int64_t from = last > 0 ? std::clamp(last, std::max<std::int64_t>(newest - kMostPast, 0), newest) : newest;
  if (!stream->send(fmt::format("retry: 1000\nid: {}\nevent: hello\ndata: {{}}\n\n", from))) return;
  const std::lock_guard lock(mutex_);
  listeners_.push_back({std::move(stream), owner, from, std::move(allowed)});
  newcomers_ = true;
  wake_.notify_all();
}

void EventHub::watch(const std::string& job, std::function<bool(const store::Job*)> look) {
  const std::lock_guard lock(mutex_);
  watchers_.push_back({job, std::move(look)});
  newcomers_ = true;
  wake_.notify_all();
}

void EventHub::show_watchers() {
  std::list<Watcher> watchers;
  {
    const std::lock_guard lock(mutex_);
    watchers.swap(watchers_);
  }
  for (auto watcher = watchers.begin(); watcher != watchers.end();) {
    bool goes_on = true;
    try {
      const std::optional<store::Job> job = service_.jobs().find(watcher->job);
      if (!job || job->version != watcher->version) goes_on = watcher->look(job ? &*job : nullptr) && job;
      if (job) watcher->version = job->version;
    } catch (const std::exception&) {
      // The database, or a file, cannot be read for a moment: at the next look.
    }
    watcher = goes_on ? std::next(watcher) : watchers.erase(watcher);
  }
  const std::lock_guard lock(mutex_);
  watchers_.splice(watchers_.end(), watchers);
}

void EventHub::require_room(const std::string& owner) const {
  const std::lock_guard lock(mutex_);
  const auto open = std::count_if(listeners_.begin(), listeners_.end(),
                                  [&](const Listener& listener) { return listener.owner == owner; });
  if (open >= kMostStreams) {
    throw net::HttpError(429, "busy", fmt::format("[events] expected at most {} open streams", kMostStreams));
  }
}

int EventHub::listeners() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(listeners_.size());
}

void EventHub::run(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  auto next_ping = Clock::now() + kPing, next_look = Clock::now();
  bool told = true;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait(lock, stop, [&] { return !listeners_.empty() || !watchers_.empty(); });
    if (stop.stop_requested()) break;
    const bool look = std::exchange(newcomers_, false) || told || Clock::now() >= next_look;
    lock.unlock();
    bool more = false;
    if (look) {
      next_look = Clock::now() + kLookAnyway;
      try {
        more = deliver();
        show_watchers();
      } catch (const std::exception&) {
        // The database is busy or gone for a moment; the next look tries again.
      }
    }
    if (Clock::now() >= next_ping) {
      ping();
      next_ping = Clock::now() + kPing;
    }
    told = more || service_.jobs().wait_for_event(kLook);
    lock.lock();
  }
}

// One batch of the log to everybody. True where there may be more.
bool EventHub::deliver() {
  std::int64_t from = 0;
  {
    const std::lock_guard lock(mutex_);
    if (listeners_.empty()) return false;
    from = std::min_element(listeners_.begin(), listeners_.end(), [](const auto& a, const auto& b) {
             return a.last < b.last;
           })->last;
  }
  const std::vector<store::JobEvent> events = service_.jobs().events_after(from, kBatch);
  if (events.empty()) return false;
  // A job that changed several times is told once, at its newest event.
  std::map<std::string, std::int64_t> newest;
  for (const store::JobEvent& event : events) newest[event.job] = event.number;
  int told = 0;
  std::map<std::int64_t, std::pair<std::string, std::string>> texts;  // number → owner, text
  for (const store::JobEvent& event : events) {
    if (newest.at(event.job) != event.number) continue;
    const auto job = event.kind == "removed" ? std::nullopt : service_.jobs().find(event.job);
    const std::string data =
        job ? job_json(service_, *job, ++told <= kPlaces).dump() : nlohmann::json{{"id", event.job}}.dump();
    texts[event.number] = {event.owner, event_text(event.number, job ? "job" : "removed", data)};
  }
  const std::int64_t last = events.back().number;
  const std::lock_guard lock(mutex_);
  for (auto listener = listeners_.begin(); listener != listeners_.end();) {
    bool open = listener->stream->is_open();
    for (auto text = texts.upper_bound(listener->last); open && text != texts.end(); ++text) {
      if (text->second.first == listener->owner) open = listener->stream->send(text->second.second);
    }
    listener->last = std::max(listener->last, last);
    listener = open ? std::next(listener) : listeners_.erase(listener);
  }
  return events.size() == kBatch;
}

void EventHub::ping() {
  std::list<Listener> listeners;
  {
    const std::lock_guard lock(mutex_);
    listeners.swap(listeners_);
  }
  for (auto listener = listeners.begin(); listener != listeners.end();) {
    const bool allowed = listener->allowed();
    if (!allowed) listener->stream->close();
    listener = allowed && listener->stream->send(": ping\n\n") ? std::next(listener) : listeners.erase(listener);
  }
  const std::lock_guard lock(mutex_);
  listeners_.splice(listeners_.end(), listeners);
}

}  // namespace hotshot::service
