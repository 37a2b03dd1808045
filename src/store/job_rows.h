// What the parts of JobStore share: rows as jobs, and the entries that go with every change. All of it runs in the
// caller's transaction.
#pragma once

#include <string>
#include <string_view>

#include "store/jobs.h"

namespace hotshot::store {

/// The columns that read_job expects, in its order.
extern const std::string_view kJobColumns;
Job read_job(const Row& row);

nlohmann::json files_json(const std::vector<JobFile>& files);
/// JSON as text; bytes that are no UTF-8 are replaced.
std::string json_text(const nlohmann::json& value);
std::string timings_text(const JobTimings& timings);
JobTimings read_timings(const std::string& text);
Value optional_json(const nlohmann::json& value);

/// The job with this id, unless it is hidden because it is being removed.
std::optional<Job> find_job(Connection& connection, const std::string& id);

/// What is announced: an event was told; a job waits for a worker.
constexpr std::string_view kEventsChannel = "events", kQueueChannel = "queue";

void append_event(Connection& connection, std::string_view kind, const std::string& job, const std::string& owner);

/// What a job needs blobs for.
constexpr std::string_view kFile = "file", kPreview = "preview", kCheckpoint = "checkpoint";

bool blob_needed(Connection& connection, const std::string& sha256);
void use_blob(Connection& connection, const Job& job, std::string_view purpose, const std::string& sha256,
              std::uint64_t bytes);
/// Ends the job's uses for one purpose, or all of them for an empty one. Returns the blobs that no job needs now.
std::vector<std::string> end_uses(Connection& connection, const std::string& job, std::string_view purpose);
/// Has a blob that nobody needs swept away later.
void note_unneeded(Connection& connection, const std::string& sha256);

/// Deletes a job that is not running, with everything that hangs on it. Returns the blobs that no job needs now.
std::vector<std::string> erase_job(Connection& connection, const std::string& id);

/// Brings a queued or running job to `status`, which is queued again or final: no worker holds it then, and one that is
/// being removed goes.
void settle_job(Connection& connection, const std::string& id, JobStatus status, const std::optional<JobError>& error);

/// Events, submissions and idempotency keys whose time is over; in transactions of its own.
void forget_old(Database& database);

}  // namespace hotshot::store
