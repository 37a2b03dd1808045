#include <array>
#include <utility>

#include "store/job_rows.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kDay = 24 * 3600 * 1000;

// The newest event stays: its number is the one from which readers go on.
constexpr std::string_view kOldEvents = "FROM events WHERE at_ms < $1 AND number < (SELECT max(number) FROM events)";
constexpr std::string_view kOldSubmissions = "FROM submissions WHERE created_ms < $1";
constexpr std::string_view kOldRequests = "FROM idempotency WHERE expires_ms < $1";

}  // namespace

std::int64_t JobStore::newest_event() {
  return database_.query("SELECT coalesce(max(number), 0) FROM events").at(0).integer(0);
}

std::vector<JobEvent> JobStore::events_after(std::int64_t number, int limit) {
  std::vector<JobEvent> events;
  for (const Row& row :
       database_.query("SELECT number, kind, job, owner FROM events WHERE number > $1 ORDER BY number LIMIT $2",
                       {number, std::int64_t{limit}}))
    events.push_back({row.integer(0), row.text(1), row.text(2), row.text(3)});
  return events;
}

bool JobStore::wait_for_event(std::chrono::milliseconds timeout) {
  return database_.wait_for_change(kEventsChannel, timeout);
}

bool JobStore::wait_for_queued(std::chrono::milliseconds timeout) {
  return database_.wait_for_change(kQueueChannel, timeout);
}

void forget_old(Database& database) {
  const std::int64_t now = now_ms();
  const std::array<std::pair<std::string_view, std::int64_t>, 3> old = {
      {{kOldEvents, now - kDay}, {kOldSubmissions, now - kDay}, {kOldRequests, now}}};
  for (const auto& [what, before] : old) {
    const bool any = !database.query("SELECT 1 " + std::string(what) + " LIMIT 1", {before}).empty();
    if (any) database.query("DELETE " + std::string(what), {before});
  }
}

}  // namespace hotshot::store
