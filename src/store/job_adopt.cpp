#include <algorithm>

#include "base/error.h"
#include "store/job_rows.h"
#include "store/search.h"

namespace hotshot::store {
namespace {

// "video_" and 26 of the characters new_id() uses.
bool is_id_of(const std::string& id, const std::string& kind) {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  return id.size() == kind.size() + 27 && id.starts_with(kind + "_") &&
         std::all_of(id.begin() + static_cast<std::ptrdiff_t>(kind.size()) + 1, id.end(),
                     [&](char c) { return kDigits.find(c) != std::string_view::npos; });
}

}  // namespace

bool JobStore::adopt(const Job& job) {
  require(is_final(job.status), "jobs", "expected a job that is over but got {}", status_name(job.status));
  require(!job.kind.empty() && job.kind.size() <= 32 &&
              std::all_of(job.kind.begin(), job.kind.end(), [](char c) { return c >= 'a' && c <= 'z'; }),
          "kind", "expected 1 to 32 letters a-z but got '{}'", job.kind.substr(0, 64));
  require(is_id_of(job.id, job.kind), "jobs", "expected an id of a {} but got '{}'", job.kind, job.id.substr(0, 64));
  require(id_time_ms(job.id) == job.created_ms, "jobs", "expected {} to be made at the time of its id but got {}",
          job.id, job.created_ms);
  bool adopted = false;
  database_.transaction([&](Connection& connection) {
    adopted = false;
    if (!connection.query("SELECT 1 FROM jobs WHERE id = $1", {job.id}).empty()) return;
    connection.query(
        "INSERT INTO jobs (id, owner, kind, dialect, model, prompt, title, search, requested, effective, warnings, "
        "files, status, priority, max_attempts, attempts, parent, relation, job_group, folder, favourite, created_ms, "
        "started_ms, finished_ms, trashed_ms, error_code, error_message, lane, moderation) VALUES ($1, $2, $3, $4, $5, "
        "$6, $7, $8, $9, "
        "$10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $3, $28)",
        {job.id,
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
         std::string(status_name(job.status)),
         std::int64_t{job.priority},
         std::int64_t{std::max(1, job.max_attempts)},
         std::int64_t{job.attempts},
         job.parent,
         job.relation,
         job.group,
         job.folder,
         std::int64_t{job.favourite},
         job.created_ms,
         optional_value(job.started_ms),
         optional_value(job.finished_ms),
         optional_value(job.trashed_ms),
         job.error ? Value(job.error->code) : Value(),
         job.error ? Value(job.error->message) : Value(),
         json_text(job.moderation)});
    for (const JobFile& file : job.files) use_blob(connection, job, kFile, file.sha256, file.bytes);
    append_event(connection, "job", job.id, job.owner);
    adopted = true;
  });
  return adopted;
}

}  // namespace hotshot::store
