#include "base/error.h"
#include "store/job_rows.h"
#include "store/search.h"

namespace hotshot::store {

bool JobStore::cancel(const std::string& id) {
  bool done = false;
  database_.transaction([&](Connection& connection) {
    const auto job = find_job(connection, id);
    done = job && !is_final(job->status);
    if (!done || job->cancel_requested) return;
    if (job->status == JobStatus::queued) {
      settle_job(connection, id, JobStatus::cancelled, JobError{"cancelled", "cancelled before it started"});
      return;
    }
    connection.query("UPDATE jobs SET cancel_requested = 1, version = version + 1 WHERE id = $1", {id});
    append_event(connection, "job", id, job->owner);
  });
  return done;
}

bool JobStore::change(const std::string& id, const JobChanges& changes) {
  bool done = false;
  database_.transaction([&](Connection& connection) {
    auto job = find_job(connection, id);
    done = job.has_value();
    if (!done) return;
    if (changes.favourite) job->favourite = *changes.favourite;
    if (changes.title) job->title = *changes.title;
    if (changes.folder) job->folder = *changes.folder;
    if (changes.trashed && *changes.trashed != job->trashed_ms.has_value())
      job->trashed_ms = *changes.trashed ? std::optional(now_ms()) : std::nullopt;
    connection.query(
        "UPDATE jobs SET favourite = $2, title = $3, folder = $4, trashed_ms = $5, search = $6, "
        "version = version + 1 WHERE id = $1",
        {id, std::int64_t{job->favourite}, job->title, job->folder, optional_value(job->trashed_ms),
         searchable(job->prompt, job->title)});
    append_event(connection, "job", id, job->owner);
  });
  return done;
}

bool JobStore::share(const std::string& id, const std::string& secret) {
  bool done = false;
  database_.transaction([&](Connection& connection) {
    const Rows rows = connection.query(
        "UPDATE jobs SET share = $2, version = version + 1 WHERE id = $1 AND removing = 0 RETURNING owner",
        {id, secret.empty() ? Value() : Value(secret)});
    done = !rows.empty();
    if (done) append_event(connection, "job", id, rows[0].text(0));
  });
  return done;
}

std::vector<std::string> JobStore::remove(const std::string& id) {
  std::vector<std::string> unneeded;
  database_.transaction([&](Connection& connection) {
    unneeded.clear();
    const auto job = find_job(connection, id);
    if (!job) return;
    if (job->status == JobStatus::running) {
      connection.query(
          "UPDATE jobs SET removing = 1, cancel_requested = 1, share = NULL, version = version + 1 WHERE id = $1",
          {id});
    } else {
      unneeded = erase_job(connection, id);
      // One that never ran was cancelled by this, and such ones do not count.
      if (job->status == JobStatus::queued) connection.query("DELETE FROM submissions WHERE job = $1", {id});
    }
    append_event(connection, "removed", id, job->owner);
  });
  return unneeded;
}

std::vector<std::string> JobStore::unneeded_blobs(int limit) {
  std::vector<std::string> sha256s;
  for (const Row& row : database_.query("SELECT sha256 FROM unneeded_blobs u WHERE NOT EXISTS "
                                        "(SELECT 1 FROM blob_uses b WHERE b.sha256 = u.sha256) "
                                        "ORDER BY since_ms, sha256 LIMIT $1",
                                        {std::int64_t{limit}}))
    sha256s.push_back(row.text(0));
  return sha256s;
}

void JobStore::forget_blobs(const std::vector<std::string>& sha256s) {
  if (sha256s.empty()) return;
  database_.transaction([&](Connection& connection) {
    for (const std::string& sha256 : sha256s)
      connection.query("DELETE FROM unneeded_blobs WHERE sha256 = $1", {sha256});
  });
}

bool JobStore::needs_blob(const std::string& sha256) {
  return !database_.query("SELECT 1 FROM blob_uses WHERE sha256 = $1 LIMIT 1", {sha256}).empty();
}

}  // namespace hotshot::store
