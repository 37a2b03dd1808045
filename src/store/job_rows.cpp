#include "store/job_rows.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "store/webhook_outbox.h"

namespace hotshot::store {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"queued", "running", "succeeded", "failed", "cancelled"};

std::vector<JobFile> read_files(const std::string& text) {
  std::vector<JobFile> files;
  for (const auto& file : nlohmann::json::parse(text))
    files.push_back({.role = file.at("role"),
                     .sha256 = file.at("sha256"),
                     .type = file.at("type"),
                     .bytes = file.at("bytes").get<std::uint64_t>()});
  return files;
}

}  // namespace

std::string_view status_name(JobStatus status) { return kStatuses.at(static_cast<std::size_t>(status)); }

JobStatus parse_status(std::string_view name) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i)
    if (kStatuses[i] == name) return static_cast<JobStatus>(i);
  throw_unknown("status", name, {kStatuses.begin(), kStatuses.end()});
}

const JobFile* Job::file(std::string_view role) const {
  for (const JobFile& file : files)
    if (file.role == role) return &file;
  return nullptr;
}

const std::string_view kJobColumns =
    "id, owner, kind, dialect, model, prompt, title, requested, effective, warnings, files, status, priority, phase, "
    "done, total, fraction, seconds_left, preview, error_code, error_message, attempts, fruitless, max_attempts, "
    "cancel_requested, parent, relation, job_group, folder, favourite, share, created_ms, started_ms, finished_ms, "
    "trashed_ms, version, moderation, timings";

Job read_job(const Row& row) {
  std::size_t i = 0;
  const auto text = [&] { return row.text(i++); };
  const auto integer = [&] { return row.integer(i++); };
  const auto small = [&] { return static_cast<int>(row.integer(i++)); };
  const auto time = [&] { return row.optional_integer(i++); };
  Job job;
  for (std::string* member : {&job.id, &job.owner, &job.kind, &job.dialect, &job.model, &job.prompt, &job.title})
    *member = text();
  job.requested = nlohmann::json::parse(text());
  if (const auto effective = row.optional_text(i++)) job.effective = nlohmann::json::parse(*effective);
  job.warnings = nlohmann::json::parse(text());
  job.files = read_files(text());
  job.status = parse_status(text());
  job.priority = small();
  job.progress.phase = text();
  job.progress.done = integer();
  job.progress.total = integer();
  job.progress.fraction = row.number(i++);
  if (!row.is_null(i++)) job.progress.seconds_left = row.number(i - 1);
  job.progress.preview = text();
  const auto code = row.optional_text(i++), message = row.optional_text(i++);
  if (code) job.error = JobError{*code, message.value_or("")};
  job.attempts = small();
  job.fruitless_attempts = small();
  job.max_attempts = small();
  job.cancel_requested = integer() != 0;
  for (std::string* member : {&job.parent, &job.relation, &job.group, &job.folder}) *member = text();
  job.favourite = integer() != 0;
  job.share = row.optional_text(i++).value_or("");
  job.created_ms = integer();
  job.started_ms = time();
  job.finished_ms = time();
  job.trashed_ms = time();
  job.version = integer();
  job.moderation = nlohmann::json::parse(text());
  job.timings = read_timings(text());
  return job;
}

nlohmann::json files_json(const std::vector<JobFile>& files) {
  auto list = nlohmann::json::array();
  for (const JobFile& file : files)
    list.push_back({{"role", file.role}, {"sha256", file.sha256}, {"type", file.type}, {"bytes", file.bytes}});
  return list;
}

std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string timings_text(const JobTimings& timings) {
  return nlohmann::json{{"phase_ms", timings.phase_ms}, {"steps", timings.steps}}.dump();
}

JobTimings read_timings(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  if (json.empty()) return {};  // of before they were kept
  return {.phase_ms = json.at("phase_ms"), .steps = json.at("steps")};
}

Value optional_json(const nlohmann::json& value) { return value.is_null() ? Value() : Value(json_text(value)); }

std::optional<Job> find_job(Connection& connection, const std::string& id) {
  const Rows rows =
      connection.query(fmt::format("SELECT {} FROM jobs WHERE id = $1 AND removing = 0", kJobColumns), {id});
  if (rows.empty()) return {};
  return read_job(rows[0]);
}

void append_event(Connection& connection, std::string_view kind, const std::string& job, const std::string& owner) {
  connection.query("INSERT INTO events (kind, job, owner, at_ms) VALUES ($1, $2, $3, $4)",
                   {std::string(kind), job, owner, now_ms()});
  connection.announce(kEventsChannel);
}

bool blob_needed(Connection& connection, const std::string& sha256) {
  return !connection.query("SELECT 1 FROM blob_uses WHERE sha256 = $1 LIMIT 1", {sha256}).empty();
}

void use_blob(Connection& connection, const Job& job, std::string_view purpose, const std::string& sha256,
              std::uint64_t bytes) {
  connection.query(
      "INSERT INTO blob_uses (job, purpose, sha256, owner, bytes) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (job, purpose, sha256) DO NOTHING",
      {job.id, std::string(purpose), sha256, job.owner, static_cast<std::int64_t>(bytes)});
  connection.query("DELETE FROM unneeded_blobs WHERE sha256 = $1", {sha256});
}

void note_unneeded(Connection& connection, const std::string& sha256) {
  connection.query("INSERT INTO unneeded_blobs (sha256, since_ms) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING",
                   {sha256, now_ms()});
}

std::vector<std::string> end_uses(Connection& connection, const std::string& job, std::string_view purpose) {
  const Rows ended = purpose.empty()
                         ? connection.query("DELETE FROM blob_uses WHERE job = $1 RETURNING sha256", {job})
                         : connection.query("DELETE FROM blob_uses WHERE job = $1 AND purpose = $2 RETURNING sha256",
                                            {job, std::string(purpose)});
  std::vector<std::string> unneeded;
  for (const Row& row : ended) {
    const std::string& sha256 = row.text(0);
    if (blob_needed(connection, sha256)) continue;
    note_unneeded(connection, sha256);
    if (std::find(unneeded.begin(), unneeded.end(), sha256) == unneeded.end()) unneeded.push_back(sha256);
  }
  return unneeded;
}

std::vector<std::string> erase_job(Connection& connection, const std::string& id) {
  connection.query("DELETE FROM jobs WHERE id = $1", {id});
  return end_uses(connection, id, "");
}

void settle_job(Connection& connection, const std::string& id, JobStatus status, const std::optional<JobError>& error) {
  const bool final = is_final(status);
  const Rows rows = connection.query(
      "UPDATE jobs SET status = $2, error_code = $3, error_message = $4, lease_owner = '', lease_until = 0, "
      "finished_ms = $5, seconds_left = NULL, preview = '', version = version + 1, "
      "cancel_requested = CASE WHEN $6 = 1 THEN cancel_requested ELSE 0 END, "
      "checkpoint = CASE WHEN $6 = 1 THEN '' ELSE checkpoint END, "
      "phase = CASE WHEN $6 = 1 THEN phase ELSE '' END, done = CASE WHEN $6 = 1 THEN done ELSE 0 END, "
      "total = CASE WHEN $6 = 1 THEN total ELSE 0 END, "
      "fraction = CASE WHEN $7 = 1 THEN 1.0 WHEN $6 = 1 THEN fraction ELSE 0.0 END "
      "WHERE id = $1 RETURNING owner, removing, kind",
      {id, std::string(status_name(status)), error ? Value(error->code) : Value(),
       error ? Value(error->message) : Value(), final ? Value(now_ms()) : Value(), std::int64_t{final},
       std::int64_t{status == JobStatus::succeeded}});
  ensure(!rows.empty(), "jobs", "expected a job to settle but {} is gone", id);
  if (status == JobStatus::failed || status == JobStatus::cancelled)
    connection.query("DELETE FROM submissions WHERE job = $1", {id});
  if (rows[0].integer(1) != 0) {
    erase_job(connection, id);  // its "removed" was told when it was hidden
    return;
  }
  end_uses(connection, id, kPreview);
  if (final) end_uses(connection, id, kCheckpoint);
  if (!final) connection.announce(kQueueChannel);
  append_event(connection, "job", id, rows[0].text(0));
  if (!final) return;
  // Who listens is told of a cancel too: nothing more will come.
  const char* what = status == JobStatus::succeeded ? ".completed" : ".failed";
  queue_webhooks(connection, rows[0].text(0), rows[0].text(2) + what, id);
}

}  // namespace hotshot::store
