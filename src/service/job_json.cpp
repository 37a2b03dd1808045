#include "service/job_json.h"

#include "base/error.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

json or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json files_json(const store::Job& job) {
  json files = json::object();
  for (const store::JobFile& file : job.files) {
    files[file.role] = {{"url", fmt::format("/api/v1/jobs/{}/files/{}", job.id, file.role)},
                        {"type", file.type},
                        {"bytes", file.bytes},
                        {"sha256", file.sha256}};
  }
  return files;
}

json progress_json(const store::Job& job) {
  if (job.status != store::JobStatus::running) return nullptr;
  const store::JobProgress& p = job.progress;
  const std::string preview = fmt::format("/api/v1/jobs/{}/preview?v={}", job.id, job.version);
  return {{"phase", p.phase},
          {"done", p.done},
          {"total", p.total},
          {"fraction", p.fraction},
          {"seconds_left", or_null(p.seconds_left)},
          {"preview", p.preview.empty() ? json() : json(preview)}};
}

json owner_json(Service& service, const std::string& id) {
  const auto account = service.accounts().find(id);
  return {{"id", id}, {"name", account ? account->name : ""}};
}

}  // namespace

std::string public_base(const ServiceConfig& config) {
  std::string base = config.public_url;
  while (base.ends_with('/')) base.pop_back();
  return base;
}

json job_json(Service& service, const store::Job& job, bool with_place) {
  json result{{"id", job.id},
              {"object", "job"},
              {"kind", job.kind},
              {"dialect", job.dialect},
              {"owner", owner_json(service, job.owner)},
              {"status", store::status_name(job.status)},
              {"model", job.model},
              {"prompt", job.prompt},
              {"requested", job.requested},
              {"effective", job.effective},
              {"warnings", job.warnings},
              {"moderation", job.moderation},
              {"progress", progress_json(job)},
              {"files", files_json(job)},
              {"attempts", job.attempts},
              {"cancel_requested", job.cancel_requested},
              {"title", job.title},
              {"folder", job.folder},
              {"favourite", job.favourite},
              {"created_ms", job.created_ms},
              {"version", job.version}};
  const bool waits = with_place && job.status == store::JobStatus::queued;
  result["queue_position"] = waits ? or_null(service.jobs().queue_position(job.id)) : json();
  result["error"] = job.error ? json{{"code", job.error->code}, {"message", job.error->message}} : json();
  result["parent"] = or_null(job.parent);
  result["relation"] = or_null(job.relation);
  result["group"] = or_null(job.group);
  result["share_url"] = job.share.empty() ? json() : json(public_base(service.config()) + "/s/" + job.share);
  result["started_ms"] = or_null(job.started_ms);
  result["finished_ms"] = or_null(job.finished_ms);
  result["trashed_ms"] = or_null(job.trashed_ms);
  return result;
}

json jobs_json(Service& service, const std::vector<store::Job>& jobs) {
  constexpr int kPlaces = 16;
  json list = json::array();
  int waiting = 0;
  for (const store::Job& job : jobs) {
    waiting += job.status == store::JobStatus::queued;
    list.push_back(job_json(service, job, waiting <= kPlaces));
  }
  return list;
}

}  // namespace hotshot::service
