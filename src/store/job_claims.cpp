#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "store/job_rows.h"

namespace hotshot::store {
namespace {

// The next job of one lane and priority, with what decides between lanes.
struct Candidate {
  std::int64_t running = 0, served_ms = 0, created_ms = 0;
  std::string id;
  auto order() const { return std::tie(running, served_ms, created_ms, id); }
};

// The highest priority that waits in each lane is one look into the index jobs_queued. The owners of that priority are
// found one after the other, each by one look as well; so is the oldest job of those whose turn it is. Thousands of
// waiting jobs cost nothing, only owners do. "ORDER BY … LIMIT 1" instead of min() and max() has PostgreSQL look in the
// same way whatever its statistics say, which are wrong whenever the queue fills or empties.
const std::string kCandidate = fmt::format(
    "WITH RECURSIVE waiting(owner) AS ("
    "SELECT (SELECT owner {0} ORDER BY owner LIMIT 1) "
    "UNION ALL "
    "SELECT (SELECT owner {0} AND owner > waiting.owner ORDER BY owner LIMIT 1) FROM waiting "
    "WHERE waiting.owner IS NOT NULL), "
    "load AS MATERIALIZED (SELECT owner, "
    "(SELECT count(*) FROM jobs WHERE status = 'running' AND owner = waiting.owner) AS running, "
    "coalesce((SELECT started_ms FROM jobs WHERE owner = waiting.owner AND started_ms IS NOT NULL "
    "ORDER BY started_ms DESC LIMIT 1), 0) AS served_ms "
    "FROM waiting WHERE owner IS NOT NULL), "
    "oldest AS (SELECT running, served_ms, "
    "(SELECT created_ms {0} AND owner = load.owner ORDER BY created_ms, id LIMIT 1) AS created_ms, "
    "(SELECT id {0} AND owner = load.owner ORDER BY created_ms, id LIMIT 1) AS id "
    "FROM load WHERE (running, served_ms) = "
    "(SELECT running, served_ms FROM load ORDER BY running, served_ms LIMIT 1)) "
    "SELECT id, created_ms, running, served_ms FROM oldest ORDER BY created_ms, id LIMIT 1",
    "FROM jobs WHERE status = 'queued' AND lane = $1 AND priority = $2");

constexpr std::string_view kTopPriority =
    "SELECT priority FROM jobs WHERE status = 'queued' AND lane = $1 ORDER BY priority DESC LIMIT 1";

std::optional<std::int64_t> top_priority(const Rows& rows) {
  return rows.empty() ? std::nullopt : rows[0].optional_integer(0);
}

std::optional<Candidate> next_job(Connection& connection, const std::vector<std::string>& lanes) {
  std::optional<std::int64_t> top;
  std::vector<std::string> highest;
  for (const std::string& lane : lanes) {
    const auto priority = top_priority(connection.query(kTopPriority, {lane}));
    if (!priority || (top && *priority < *top)) continue;
    if (top && *priority > *top) highest.clear();
    top = priority;
    highest.push_back(lane);
  }
  std::optional<Candidate> best;
  for (const std::string& lane : highest) {
    const Rows rows = connection.query(kCandidate, {lane, *top});
    if (rows.empty()) continue;
    Candidate candidate{rows[0].integer(2), rows[0].integer(3), rows[0].integer(1), rows[0].text(0)};
    if (!best || candidate.order() < best->order()) best = std::move(candidate);
  }
  return best;
}

std::optional<Claim> take(Connection& connection, const std::string& id, const std::string& worker,
                          std::int64_t lease_ms) {
  const std::int64_t now = now_ms();
  const Rows rows = connection.query(
      fmt::format(
          "UPDATE jobs SET status = 'running', attempts = attempts + 1, fruitless = fruitless + 1, lease_owner = $2, "
          "lease_token = lease_token + 1, lease_until = $3, started_ms = $4, error_code = NULL, "
          "error_message = NULL, version = version + 1 WHERE id = $1 AND status = 'queued' "
          "RETURNING {}, lease_token, checkpoint",
          kJobColumns),
      {id, worker, now + lease_ms, now});
  if (rows.empty()) return {};
  const Row& row = rows[0];
  Claim claim{.job = read_job(row),
              .worker = worker,
              .token = row.integer(row.size() - 2),
              .checkpoint = row.text(row.size() - 1)};
  append_event(connection, "job", id, claim.job.owner);
  return claim;
}

// A job that still runs in the hands of the claim's worker.
struct Held {
  Job job;
  bool removing = false;
  std::string checkpoint;
};

std::optional<Held> held(Connection& connection, const Claim& claim) {
  const Rows rows = connection.query(fmt::format("SELECT {}, removing, checkpoint FROM jobs WHERE id = $1 AND "
                                                 "lease_token = $2 AND lease_owner = $3 AND status = 'running'",
                                                 kJobColumns),
                                     {claim.job.id, claim.token, claim.worker});
  if (rows.empty()) return {};
  const Row& row = rows[0];
  return Held{read_job(row), row.integer(row.size() - 2) != 0, row.text(row.size() - 1)};
}

// What a worker wrote without having the job any more is swept away, unless someone needs the same bytes.
void note_left_over(Connection& connection, const std::string& sha256) {
  if (!sha256.empty() && !blob_needed(connection, sha256)) note_unneeded(connection, sha256);
}

void tell(Connection& connection, const Held& held) {
  if (!held.removing) append_event(connection, "job", held.job.id, held.job.owner);
}

// Replaces the one preview or checkpoint of a job.
void replace_use(Connection& connection, const Job& job, std::string_view purpose, const std::string& before,
                 const std::string& after) {
  if (before == after) return;
  end_uses(connection, job.id, purpose);
  if (!after.empty()) use_blob(connection, job, purpose, after, 0);
}

bool same(const JobProgress& a, const JobProgress& b) {
  return std::tie(a.phase, a.done, a.total, a.fraction, a.seconds_left, a.preview) ==
         std::tie(b.phase, b.done, b.total, b.fraction, b.seconds_left, b.preview);
}

void write_progress(Connection& connection, const Held& held, const JobProgress& progress) {
  connection.query(
      "UPDATE jobs SET phase = $2, done = $3, total = $4, fraction = $5, seconds_left = $6, preview = $7, "
      "fruitless = CASE WHEN $5 > furthest THEN 0 ELSE fruitless END, "
      "furthest = CASE WHEN $5 > furthest THEN $5 ELSE furthest END, version = version + 1 WHERE id = $1",
      {held.job.id, progress.phase, progress.done, progress.total, progress.fraction,
       progress.seconds_left ? Value(*progress.seconds_left) : Value(), progress.preview});
  replace_use(connection, held.job, kPreview, held.job.progress.preview, progress.preview);
  tell(connection, held);
}

const JobError kCancelled{"cancelled", "cancelled on request"};

// What becomes of a job after an attempt that came to nothing: again, unless it is to be cancelled or was the last.
JobStatus after_failure(const Job& job, bool retry) {
  if (job.cancel_requested) return JobStatus::cancelled;
  return retry && job.fruitless_attempts < job.max_attempts ? JobStatus::queued : JobStatus::failed;
}

void settle_failed(Connection& connection, const Job& job, JobStatus status, const JobError& error) {
  if (status == JobStatus::queued) return settle_job(connection, job.id, status, {});
  settle_job(connection, job.id, status, status == JobStatus::cancelled ? kCancelled : error);
}

void write_outcome(Connection& connection, Job job, const JobOutcome& outcome) {
  if (!outcome.effective.is_null()) job.effective = outcome.effective;
  job.files.insert(job.files.end(), outcome.files.begin(), outcome.files.end());
  for (const JobFile& file : outcome.files) use_blob(connection, job, kFile, file.sha256, file.bytes);
  for (const auto& decision : outcome.moderation) job.moderation.push_back(decision);
  connection.query("UPDATE jobs SET effective = $2, files = $3, moderation = $4, timings = $5 WHERE id = $1",
                   {job.id, optional_json(job.effective), json_text(files_json(job.files)), json_text(job.moderation),
                    timings_text(outcome.timings)});
}

void note_left_over(Connection& connection, const std::vector<JobFile>& files) {
  for (const JobFile& file : files) note_left_over(connection, file.sha256);
}

}  // namespace

std::optional<Claim> JobStore::claim(const std::string& worker, const std::vector<std::string>& lanes,
                                     std::int64_t lease_ms) {
  // Workers with nothing to do ask again and again: they must not hold up those who write.
  const bool waiting = std::any_of(lanes.begin(), lanes.end(), [&](const std::string& lane) {
    return top_priority(database_.query(kTopPriority, {lane})).has_value();
  });
  std::optional<Claim> claim;
  if (!waiting) return claim;
  database_.transaction([&](Connection& connection) {
    claim.reset();
    while (const auto next = next_job(connection, lanes))
      if ((claim = take(connection, next->id, worker, lease_ms))) return;
  });
  return claim;
}

HeartbeatAnswer JobStore::heartbeat(const Claim& claim, const JobProgress& progress, std::int64_t lease_ms) {
  HeartbeatAnswer answer;
  database_.transaction([&](Connection& connection) {
    answer = {};
    const auto found = held(connection, claim);
    if (!found) {
      note_left_over(connection, progress.preview);
      return;
    }
    answer = {.held = true, .cancel = found->job.cancel_requested};
    connection.query("UPDATE jobs SET lease_until = $2 WHERE id = $1", {claim.job.id, now_ms() + lease_ms});
    JobProgress next = progress;
    const double before = found->job.progress.fraction;
    next.fraction = std::isfinite(progress.fraction) ? std::clamp(progress.fraction, before, 1.0) : before;
    if (!same(next, found->job.progress)) write_progress(connection, *found, next);
  });
  return answer;
}

bool JobStore::checkpoint(const Claim& claim, const std::string& sha256) {
  bool kept = false;
  database_.transaction([&](Connection& connection) {
    const auto found = held(connection, claim);
    kept = found.has_value();
    if (!kept) {
      note_left_over(connection, sha256);
      return;
    }
    connection.query("UPDATE jobs SET checkpoint = $2, version = version + 1 WHERE id = $1", {claim.job.id, sha256});
    replace_use(connection, found->job, kCheckpoint, found->checkpoint, sha256);
    tell(connection, *found);
  });
  return kept;
}

bool JobStore::set_effective(const Claim& claim, const nlohmann::json& effective, const nlohmann::json& warnings) {
  bool kept = false;
  database_.transaction([&](Connection& connection) {
    const auto found = held(connection, claim);
    kept = found.has_value();
    if (!kept) return;
    connection.query("UPDATE jobs SET effective = $2, warnings = $3, version = version + 1 WHERE id = $1",
                     {claim.job.id, optional_json(effective), json_text(warnings)});
    tell(connection, *found);
  });
  return kept;
}

bool JobStore::finish(const Claim& claim, const JobOutcome& outcome) {
  require(is_final(outcome.status), "jobs", "expected a final status but got {}", status_name(outcome.status));
  bool kept = false;
  database_.transaction([&](Connection& connection) {
    const auto found = held(connection, claim);
    kept = found.has_value();
    if (!kept) {
      note_left_over(connection, outcome.files);
      return;
    }
    const Job& job = found->job;
    if (outcome.status != JobStatus::failed) {
      write_outcome(connection, job, outcome);
      const bool cancelled = outcome.status == JobStatus::cancelled;
      settle_job(connection, job.id, outcome.status, cancelled && !outcome.error ? kCancelled : outcome.error);
      return;
    }
    const JobStatus status = after_failure(job, outcome.retry);
    if (status == JobStatus::queued) {
      note_left_over(connection, outcome.files);  // the next attempt makes its own
    } else {
      write_outcome(connection, job, outcome);
    }
    settle_failed(connection, job, status, outcome.error.value_or(JobError{"internal", "failed"}));
  });
  return kept;
}

bool JobStore::give_back(const Claim& claim) {
  bool kept = false;
  database_.transaction([&](Connection& connection) {
    const auto found = held(connection, claim);
    kept = found.has_value();
    if (!kept) return;
    connection.query(
        "UPDATE jobs SET attempts = attempts - 1, "
        "fruitless = CASE WHEN fruitless > 0 THEN fruitless - 1 ELSE 0 END, started_ms = NULL WHERE id = $1",
        {claim.job.id});
    Job job = found->job;
    job.fruitless_attempts = 0;
    settle_failed(connection, job, after_failure(job, true), {});
  });
  return kept;
}

int JobStore::reap() {
  const std::int64_t now = now_ms();
  int reaped = 0;
  constexpr std::string_view kOver = " FROM jobs WHERE status = 'running' AND lease_until < $1";
  if (!database_.query(fmt::format("SELECT 1{} LIMIT 1", kOver), {now}).empty()) {
    database_.transaction([&](Connection& connection) {
      const Rows rows = connection.query(fmt::format("SELECT {}{}", kJobColumns, kOver), {now});
      for (const Row& row : rows) {
        const Job job = read_job(row);
        settle_failed(connection, job, after_failure(job, true), {"worker_crashed", "the worker ended without a word"});
      }
      reaped = static_cast<int>(rows.size());
    });
  }
  forget_old(database_);
  return reaped;
}

}  // namespace hotshot::store
