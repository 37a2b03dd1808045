#include <algorithm>

#include "base/error.h"
#include "store/job_rows.h"
#include "store/search.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kDay = 24 * 3600 * 1000;

void check(const std::vector<NewJob>& jobs) {
  require(!jobs.empty(), "jobs", "expected jobs but got none");
  for (const NewJob& job : jobs) {
    require(!job.owner.empty() && job.owner == jobs[0].owner, "jobs", "expected one owner but got '{}' and '{}'",
            jobs[0].owner, job.owner);
    const bool word = std::all_of(job.kind.begin(), job.kind.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    require(word && !job.kind.empty() && job.kind.size() <= 32, "kind", "expected 1 to 32 letters a-z but got '{}'",
            job.kind);
    require(job.max_attempts >= 1, "max_attempts", "expected at least 1 but got {}", job.max_attempts);
  }
}

std::int64_t seconds(std::int64_t ms) { return std::clamp<std::int64_t>((ms + 999) / 1000, 1, kDay / 1000); }

void check_queued(Connection& connection, const std::string& owner, std::int64_t wanted, std::int64_t most) {
  const Row row = connection
                      .query(
                          "SELECT (SELECT count(*) FROM jobs WHERE owner = $1 AND status = 'queued'), count(*), "
                          "min(seconds_left) FROM jobs WHERE owner = $1 AND status = 'running'",
                          {owner})
                      .at(0);
  const std::int64_t open = row.integer(0) + row.integer(1);
  if (open + wanted <= most) return;
  // As soon as one is done; half a minute where nobody knows when that is.
  const std::int64_t wait = row.is_null(2) ? 30'000 : static_cast<std::int64_t>(1000 * std::min(row.number(2), 3600.0));
  throw QuotaExceeded(
      fmt::format("[quota] expected at most {} queued or running clips but got {} and {} more", most, open, wanted),
      wanted > most ? 0 : seconds(wait));
}

void check_day(Connection& connection, const std::string& owner, std::int64_t now, std::int64_t wanted,
               std::int64_t most) {
  const std::int64_t since = now - kDay;
  const std::int64_t today =
      connection.query("SELECT count(*) FROM submissions WHERE owner = $1 AND created_ms > $2", {owner, since})
          .at(0)
          .integer(0);
  if (today + wanted <= most) return;
  std::int64_t wait = 0;
  if (wanted <= most) {  // until enough of the oldest are a day old
    const Rows last = connection.query(
        "SELECT created_ms FROM submissions WHERE owner = $1 AND created_ms > $2 ORDER BY created_ms LIMIT 1 OFFSET $3",
        {owner, since, today + wanted - most - 1});
    wait = seconds(last.at(0).integer(0) - since);
  }
  throw QuotaExceeded(
      fmt::format("[quota] expected at most {} clips in 24 hours but got {} and {} more", most, today, wanted), wait);
}

constexpr std::string_view kBytesKept =
    "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM "
    "(SELECT DISTINCT sha256, bytes FROM blob_uses WHERE owner = $1) AS kept";

void check_bytes(Connection& connection, const std::string& owner, const std::vector<NewJob>& jobs,
                 std::uint64_t most) {
  auto bytes = static_cast<std::uint64_t>(connection.query(kBytesKept, {owner}).at(0).integer(0));
  for (const NewJob& job : jobs)
    for (const JobFile& file : job.files) bytes += file.bytes;
  if (bytes < most) return;
  throw QuotaExceeded(fmt::format("[quota] expected less than {} bytes of files but got {}", most, bytes), 0);
}

// The jobs of an earlier request with this key; empty where there was none.
std::optional<std::vector<Job>> earlier(Connection& connection, const std::string& owner, const Idempotency& request,
                                        std::int64_t now) {
  const Rows rows = connection.query(
      "SELECT fingerprint, jobs FROM idempotency WHERE owner = $1 AND idempotency_key = $2 AND expires_ms > $3",
      {owner, request.key, now});
  if (rows.empty()) return {};
  require(rows[0].text(0) == request.fingerprint, "idempotency-key",
          "expected the same request as before for the key '{}' but got another one", request.key);
  std::vector<Job> jobs;
  for (const auto& id : nlohmann::json::parse(rows[0].text(1)))
    if (auto job = find_job(connection, id)) jobs.push_back(std::move(*job));
  require(!jobs.empty(), "idempotency-key", "expected a new key but what was made with '{}' is removed", request.key);
  return jobs;
}

void remember(Connection& connection, const std::string& owner, const Idempotency& request,
              const std::vector<std::string>& ids, std::int64_t now) {
  connection.query(
      "INSERT INTO idempotency (owner, idempotency_key, fingerprint, jobs, expires_ms) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (owner, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint, jobs = excluded.jobs, "
      "expires_ms = excluded.expires_ms",
      {owner, request.key, request.fingerprint, nlohmann::json(ids).dump(), now + request.lifetime_ms});
}

// A time after that of all jobs so far, so that they sort in the order of their submission; unless the clock was once
// far ahead.
std::int64_t next_time(Connection& connection, std::int64_t now) {
  const auto newest = connection.query("SELECT max(created_ms) FROM jobs").at(0).optional_integer(0);
  return newest && *newest >= now && *newest < now + 1000 ? *newest + 1 : now;
}

Job insert(Connection& connection, const NewJob& job, const std::string& id, std::int64_t now) {
  const Rows rows = connection.query(
      fmt::format(
          "INSERT INTO jobs (id, owner, kind, dialect, model, prompt, title, search, requested, effective, "
          "warnings, files, status, priority, max_attempts, parent, relation, job_group, folder, created_ms, lane, "
          "moderation) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'queued', $13, $14, $15, $16, $17, $18, "
          "$19, $20, $21) RETURNING {}",
          kJobColumns),
      {id,
       job.owner,
       job.kind,
       job.dialect,
       job.model,
       job.prompt,
       job.title,
       searchable(job.prompt, job.title),
       json_text(job.requested),
       optional_json(job.effective),
       json_text(job.warnings),
       json_text(files_json(job.files)),
       std::int64_t{job.priority},
       std::int64_t{job.max_attempts},
       job.parent,
       job.relation,
       job.group,
       job.folder,
       now,
       job.lane.empty() ? job.kind : job.lane,
       json_text(job.moderation)});
  Job made = read_job(rows.at(0));
  for (const JobFile& file : job.files) use_blob(connection, made, kFile, file.sha256, file.bytes);
  connection.query("INSERT INTO submissions (job, owner, created_ms) VALUES ($1, $2, $3)", {id, job.owner, now});
  append_event(connection, "job", id, job.owner);
  connection.announce(kQueueChannel);
  return made;
}

}  // namespace

Submitted JobStore::submit(const std::vector<NewJob>& jobs, const Quota& quota,
                           const std::optional<Idempotency>& idempotency) {
  check(jobs);
  const std::string& owner = jobs[0].owner;
  const auto wanted = static_cast<std::int64_t>(jobs.size());
  Submitted submitted;
  database_.transaction([&](Connection& connection) {
    submitted = {};
    const std::int64_t now = next_time(connection, now_ms());
    if (idempotency) {
      if (auto before = earlier(connection, owner, *idempotency, now)) {
        submitted = {.jobs = std::move(*before), .replayed = true};
        return;
      }
    }
    if (quota.max_queued > 0) check_queued(connection, owner, wanted, quota.max_queued);
    if (quota.max_per_day > 0) check_day(connection, owner, now, wanted, quota.max_per_day);
    if (quota.max_bytes > 0) check_bytes(connection, owner, jobs, quota.max_bytes);
    // All of one time; sorted, so that they are taken and listed in the order given.
    std::vector<std::string> chances;
    for (std::size_t i = 0; i < jobs.size(); ++i) chances.push_back(new_id("", now));
    std::sort(chances.begin(), chances.end());
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      ids.push_back(jobs[i].kind + chances[i]);
      submitted.jobs.push_back(insert(connection, jobs[i], ids.back(), now));
    }
    if (idempotency) remember(connection, owner, *idempotency, ids, now);
  });
  return submitted;
}

OwnerUsage JobStore::usage(const std::string& owner) {
  const Row row =
      database_
          .query(fmt::format("SELECT (SELECT count(*) FROM jobs WHERE owner = $1), "
                             "(SELECT count(*) FROM jobs WHERE owner = $1 AND status = 'queued'), "
                             "(SELECT count(*) FROM jobs WHERE owner = $1 AND status = 'running'), "
                             "(SELECT count(*) FROM submissions WHERE owner = $1 AND created_ms > $2), ({})",
                             kBytesKept),
                 {owner, now_ms() - kDay})
          .at(0);
  return {.jobs = row.integer(0),
          .queued = row.integer(1),
          .running = row.integer(2),
          .today = row.integer(3),
          .bytes = static_cast<std::uint64_t>(row.integer(4))};
}

}  // namespace hotshot::store
