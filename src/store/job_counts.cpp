#include "store/job_rows.h"

namespace hotshot::store {

std::vector<JobCount> JobStore::counts() {
  std::vector<JobCount> counts;
  for (const Row& row : database_.query("SELECT model, status, count(*) FROM jobs GROUP BY model, status"))
    counts.push_back({row.text(0), parse_status(row.text(1)), row.integer(2)});
  return counts;
}

std::uint64_t JobStore::bytes_kept() {
  const Rows rows = database_.query(
      "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM (SELECT sha256, max(bytes) AS bytes FROM blob_uses "
      "GROUP BY sha256) AS kept");
  return static_cast<std::uint64_t>(rows.at(0).integer(0));
}

int JobStore::busy_workers() {
  const Rows rows = database_.query(
      "SELECT count(DISTINCT lease_owner) FROM jobs WHERE status = 'running' AND lease_until >= $1", {now_ms()});
  return static_cast<int>(rows.at(0).integer(0));
}

std::vector<EndedJob> JobStore::ended_since(std::int64_t ms, int limit) {
  std::vector<EndedJob> ended;
  const Rows rows = database_.query(
      "SELECT id, kind, model, status, attempts, created_ms, coalesce(started_ms, 0), finished_ms, timings FROM jobs "
      "WHERE finished_ms >= $1 ORDER BY finished_ms LIMIT $2",
      {ms, std::int64_t{limit}});
  for (const Row& row : rows) {
    ended.push_back({.id = row.text(0),
                     .kind = row.text(1),
                     .model = row.text(2),
                     .status = parse_status(row.text(3)),
                     .attempts = static_cast<int>(row.integer(4)),
                     .created_ms = row.integer(5),
                     .started_ms = row.integer(6),
                     .finished_ms = row.integer(7),
                     .timings = read_timings(row.text(8))});
  }
  return ended;
}

}  // namespace hotshot::store
