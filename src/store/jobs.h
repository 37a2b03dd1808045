// Jobs that survive: what people asked for, who works on it, and what came of it.
//
//   queued → running → succeeded | failed | cancelled
//      ↑________| lease over, or the worker gave it back
//
// A worker holds a running job by a lease with a token (fencing): each heartbeat prolongs it; a worker whose lease ran
// out and was given to another can no longer write anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"
#include "store/ids.h"

namespace hotshot::store {

enum class JobStatus { queued, running, succeeded, failed, cancelled };
std::string_view status_name(JobStatus status);
JobStatus parse_status(std::string_view name);  // InvalidArgument for others
inline bool is_final(JobStatus s) { return s != JobStatus::queued && s != JobStatus::running; }

/// One file of a job. Roles: "video" (MP4), "webm", "gif", "webp", "thumbnail", "spritesheet", "input".
struct JobFile {
  std::string role;
  std::string sha256;
  std::string type;  // "video/mp4"
  std::uint64_t bytes = 0;
};

struct JobProgress {
  std::string phase = {};  // "loading", "encoding", "sampling", "decoding", "writing"
  std::int64_t done = 0;
  std::int64_t total = 0;
  double fraction = 0;  // of the whole job, never falls within an attempt
  std::optional<double> seconds_left = {};
  std::string preview = {};  // SHA-256 of a small picture of what is there so far; empty for none
};

/// Where the time of an attempt went.
struct JobTimings {
  std::map<std::string, std::int64_t> phase_ms = {};  // by phase
  std::int64_t steps = 0;                             // taken while sampling; 0 where some came from a journal
};

struct JobError {
  std::string code;  // "cancelled", "worker_crashed", "out_of_memory", "invalid_request", "internal", "moderation"
  std::string message;
};

struct Job {
  std::string id;  // its kind, "_" and 26 characters
  std::string owner;
  std::string kind = "video";
  std::string dialect;  // through which interface it came: "native", "openai", …
  std::string model;
  std::string prompt;        // for search; also in requested
  nlohmann::json requested;  // what was asked for, in the words of the native API
  nlohmann::json effective;  // every choice made; null before it was planned
  JobStatus status = JobStatus::queued;
  int priority = 0;  // higher first
  JobProgress progress;
  std::optional<JobError> error;
  std::vector<JobFile> files;
  nlohmann::json warnings = nlohmann::json::array();  // of strings
  nlohmann::json moderation =
      nlohmann::json::array();  // of decisions: {"stage", "decision", "reason", "rule", "at_ms"}
  JobTimings timings;           // of the attempt that ended it
  int attempts = 0;
  int fruitless_attempts = 0;  // the last ones in a row that got no further than any before them
  int max_attempts = 2;        // fruitless ones, after which it fails
  bool cancel_requested = false;
  std::string parent;    // the job this one came from, or empty
  std::string relation;  // "remix", "extend", "edit", "retry", or empty
  std::string group;     // jobs submitted together share one
  std::string title;
  std::string folder;
  bool favourite = false;
  std::string share;  // secret of the public link, or empty
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> started_ms;  // of the last attempt
  std::optional<std::int64_t> finished_ms;
  std::optional<std::int64_t> trashed_ms;
  std::int64_t version = 0;  // grows with every change of the job

  const JobFile* file(std::string_view role) const;
};

/// What a caller fills in of a new job.
struct NewJob {
  std::string owner, kind = "video", dialect = "native", model, prompt;
  nlohmann::json requested = {}, effective = {};
  nlohmann::json warnings = nlohmann::json::array();
  nlohmann::json moderation = nlohmann::json::array();
  std::vector<JobFile> files = {};  // inputs
  int priority = 0;
  int max_attempts = 2;
  std::string parent = {}, relation = {}, group = {}, title = {}, folder = {};
  std::string lane = {};  // whose workers take it; empty: its kind
};

/// The same key and owner again within a day give the same jobs back (without those removed since); with another
/// fingerprint, or once all of them are removed, InvalidArgument "[idempotency-key] …".
struct Idempotency {
  std::string key;
  std::string fingerprint;
  std::int64_t lifetime_ms = 24 * 3600 * 1000;
};

/// Bounds of one owner, checked in the transaction that adds jobs. 0 = none.
struct Quota {
  int max_queued = 0;           // queued or running at once
  int max_per_day = 0;          // submitted within 24 hours, removed ones too, failed and cancelled ones not counted
  std::uint64_t max_bytes = 0;  // of files kept, the same bytes counted once
};

struct Submitted {
  std::vector<Job> jobs;
  bool replayed = false;  // they were there already
};

/// More than a quota allows. `retry_after_seconds` says when it may work, 0 where waiting does not help.
class QuotaExceeded : public std::runtime_error {
 public:
  QuotaExceeded(const std::string& message, std::int64_t retry_after_seconds)
      : std::runtime_error(message), retry_after_seconds(retry_after_seconds) {}
  std::int64_t retry_after_seconds;
};

struct JobQuery {
  std::string owner = {};                // empty: everybody's
  std::vector<JobStatus> statuses = {};  // empty: any
  std::string text = {};                 // every word occurs in prompt or title, without case; at most 1000 bytes
  std::string folder = {}, group = {}, parent = {}, dialect = {}, kind = {};
  std::optional<bool> favourite = {};
  bool trashed = false;    // only those in the trash, else only those not in it
  bool ascending = false;  // by time of creation
  std::string after = {};  // id of the last job of the page before, which may be removed by now
  int limit = 20;          // 1..1000
};
struct JobPage {
  std::vector<Job> jobs;
  bool has_more = false;
};

/// A running job in a worker's hands.
struct Claim {
  Job job;
  std::string worker = {};
  std::int64_t token = 0;
  std::string checkpoint = {};  // SHA-256 of the last stored state of an earlier attempt, or empty
};

struct HeartbeatAnswer {
  bool held = false;  // false: the lease is lost, drop the work
  bool cancel = false;
};

struct JobOutcome {
  JobStatus status = JobStatus::succeeded;  // or failed, cancelled
  std::vector<JobFile> files = {};          // added to the job's inputs
  nlohmann::json effective = {};            // null leaves it
  std::optional<JobError> error = {};
  nlohmann::json moderation = nlohmann::json::array();  // added to the job's
  JobTimings timings = {};
  bool retry = false;  // a failure that another attempt may mend: queued again while attempts are left
};

/// Something changed. Numbers grow; kinds: "job" (see the job), "removed".
struct JobEvent {
  std::int64_t number = 0;
  std::string kind;
  std::string job;
  std::string owner;
};

struct JobChanges {
  std::optional<bool> favourite = {};
  std::optional<bool> trashed = {};
  std::optional<std::string> title = {};
  std::optional<std::string> folder = {};
};

struct OwnerUsage {
  std::int64_t jobs = 0, queued = 0, running = 0, today = 0;
  std::uint64_t bytes = 0;
};

struct JobCount {
  std::string model;
  JobStatus status = JobStatus::queued;
  std::int64_t jobs = 0;
};

/// What there is to measure of a job that is over.
struct EndedJob {
  std::string id, kind, model;
  JobStatus status = JobStatus::succeeded;
  int attempts = 0;  // 0: never taken
  std::int64_t created_ms = 0, started_ms = 0, finished_ms = 0;
  JobTimings timings;
};

/// Thread-safe, and safe for several processes on one database.
class JobStore {
 public:
  explicit JobStore(Database& database) : database_(database) {}

  /// Adds all jobs, which have one owner, or none; they sort after earlier ones and (those of a kind) in the order
  /// given. QuotaExceeded where the owner's quota says no.
  Submitted submit(const std::vector<NewJob>& jobs, const Quota& quota = {},
                   const std::optional<Idempotency>& idempotency = {});
  /// Takes in a job that is over, as it is, with its id: from an export. Its files are durable by now. False where one
  /// with this id is there. InvalidArgument for one that is not over or whose id is none.
  bool adopt(const Job& job);
  std::optional<Job> find(const std::string& id);
  JobPage list(const JobQuery& query);
  /// About how many queued jobs of its lane will be taken before this one, each place once, 0 exactly for the next;
  /// empty unless it is queued. Looks at all that wait: some 20 ms for 10,000, so not for every row of a list.
  std::optional<std::int64_t> queue_position(const std::string& id);

  /// Takes the next job of one of `lanes`: highest priority first, then the owner with the fewest running jobs, then
  /// the one who was served longest ago, then the oldest. Empty where none waits.
  std::optional<Claim> claim(const std::string& worker, const std::vector<std::string>& lanes,
                             std::int64_t lease_ms = 30'000);
  /// Prolongs the lease and stores progress. A lease that is over but not yet taken away (by reap) is prolonged too.
  HeartbeatAnswer heartbeat(const Claim& claim, const JobProgress& progress, std::int64_t lease_ms = 30'000);
  /// Remembers a state from which another worker can go on. False when the lease is lost.
  bool checkpoint(const Claim& claim, const std::string& sha256);
  /// Settles every choice of a running job. False when the lease is lost.
  bool set_effective(const Claim& claim, const nlohmann::json& effective, const nlohmann::json& warnings);
  /// Ends the job; its files are durable by now. False when the lease is lost: nothing was written then.
  bool finish(const Claim& claim, const JobOutcome& outcome);
  /// Puts the job back, its attempt not counted (a worker that is told to stop).
  bool give_back(const Claim& claim);
  /// Running jobs whose lease is over are queued again, or fail with worker_crashed where no attempts are left (or are
  /// cancelled where that was asked for). Returns how many. Forgets old events and the like too: call it every few
  /// seconds.
  int reap();

  /// Queued jobs are cancelled at once, running ones by their worker. False for final or unknown ones.
  bool cancel(const std::string& id);
  bool change(const std::string& id, const JobChanges& changes);
  /// Makes (or, with an empty secret, ends) the public link.
  bool share(const std::string& id, const std::string& secret);
  std::optional<Job> find_shared(const std::string& secret);
  /// For good; a running one is cancelled and hidden at once, and removed when its worker let go. Returns the blobs
  /// that no job needs any more; they stand in unneeded_blobs too. Nothing happens for unknown ones.
  std::vector<std::string> remove(const std::string& id);
  /// Blobs that were needed once and are not now: of removed jobs, replaced previews and checkpoints, files of workers
  /// that had lost their lease. Longest first; listed until forgotten. See sweep.h.
  std::vector<std::string> unneeded_blobs(int limit = 1000);
  void forget_blobs(const std::vector<std::string>& sha256s);
  /// Whether a job's files, preview or checkpoint are these bytes.
  bool needs_blob(const std::string& sha256);
  /// Jobs in the trash since before that time.
  std::vector<std::string> trashed_before(std::int64_t ms);
  std::vector<std::string> folders(const std::string& owner);
  OwnerUsage usage(const std::string& owner);

  /// Everybody's jobs, those in the trash too.
  std::vector<JobCount> counts();
  /// Everybody's files, previews not counted, the same bytes once. Reads an entry for each file: some 0.1 s for
  /// 500,000.
  std::uint64_t bytes_kept();
  /// How many workers hold a job whose lease is not over.
  int busy_workers();
  /// Jobs that ended at or after that time, the earliest first, at most `limit`.
  std::vector<EndedJob> ended_since(std::int64_t ms, int limit = 1000);

  /// The number of the newest event, 0 for none.
  std::int64_t newest_event();
  /// Events after that number, at most `limit`, oldest first. Kept for a day.
  std::vector<JobEvent> events_after(std::int64_t number, int limit = 1000);
  /// Waits at most `timeout` for an event, or for a job that waits for a worker: see Database::wait_for_change.
  bool wait_for_event(std::chrono::milliseconds timeout);
  bool wait_for_queued(std::chrono::milliseconds timeout);

 private:
  Database& database_;
};

}  // namespace hotshot::store
