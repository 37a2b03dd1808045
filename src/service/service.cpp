#include "service/service.h"

#include "base/error.h"
#include "base/file.h"

namespace hotshot::service {
namespace {

// A restart that comes too soon for a worker counts as one.
constexpr int kAttempts = 5;

ServiceConfig checked(ServiceConfig config) {
  check_config(config);
  make_folders(config.data_folder(), "serve");
  for (const char* name : {"journals", "spool", "work"}) make_folders(config.data_folder() / name, "serve");
  return config;
}

bool asks_for_sign_in(const ServiceConfig& config) {
  return config.sign_in == "always" || (config.sign_in == "auto" && !is_private(config));
}

// Kept, so that links outlive a restart.
std::string read_or_make_secret(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    write_file(path, store::new_secret());
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  return read_file(path, 1024);
}

}  // namespace

Service::Service(ServiceConfig config)
    : config_(checked(std::move(config))),
      sign_in_(asks_for_sign_in(config_)),
      link_secret_(read_or_make_secret(folder("link-secret"))),
      database_(store::open_sqlite(folder("hotshot.db"))),
      jobs_(*database_),
      accounts_(*database_),
      blobs_(store::open_file_blobs(folder("files"))) {}

store::Submitted submit(Service& service, const store::Identity& who, const Planned& planned, const Submission& how) {
  const ServiceConfig& config = service.config();
  if (!config.creation_ends.empty() && store::now_ms() >= parse_day(config.creation_ends, "serve")) {
    throw net::HttpError(
        403, "sunset",
        fmt::format("[sunset] nothing new is made here since {}; what is there can be downloaded until {}. {}",
                    config.creation_ends, config.export_ends.empty() ? "further notice" : config.export_ends,
                    config.sunset_message));
  }
  std::vector<store::NewJob> jobs;
  const std::string group = planned.count > 1 ? store::new_id("group") : "";
  for (int i = 0; i < planned.count; ++i) {
    store::NewJob job{.owner = who.account.id,
                      .kind = how.kind,
                      .dialect = how.dialect,
                      .model = planned.model,
                      .prompt = planned.effective.at("prompt"),
                      .requested = planned.requested,
                      .effective = planned.effective,
                      .warnings = planned.warnings,
                      .priority = how.priority,
                      .max_attempts = kAttempts,
                      .parent = how.parent,
                      .relation = how.relation,
                      .group = group,
                      .folder = how.folder};
    job.effective["seed"] = planned.seed + static_cast<std::uint64_t>(i);
    job.effective["count"] = 1;
    jobs.push_back(std::move(job));
  }
  store::Quota quota = config.quota();
  if (who.account.clips_per_day) quota.max_per_day = static_cast<int>(*who.account.clips_per_day);
  try {
    return service.jobs().submit(jobs, quota, how.idempotency);
  } catch (const store::QuotaExceeded& error) {
    net::HttpError answer(429, "quota_exceeded", error.what());
    if (error.retry_after_seconds > 0) answer.headers.set("retry-after", std::to_string(error.retry_after_seconds));
    // Clients try 429 again by themselves; where waiting does not help within minutes they should not.
    answer.headers.set("x-should-retry",
                       error.retry_after_seconds > 0 && error.retry_after_seconds <= 60 ? "true" : "false");
    throw answer;
  } catch (const InvalidArgument& error) {
    if (how.idempotency) throw net::HttpError(422, "idempotency_mismatch", error.what());
    throw;
  }
}

store::Job visible_job(Service& service, const store::Identity& who, const std::string& id) {
  const std::optional<store::Job> job = service.jobs().find(id);
  const bool visible = job && (job->owner == who.account.id || who.scope == store::Scope::admin);
  if (!visible) throw net::HttpError(404, "not_found", fmt::format("[job] expected a known id but got '{}'", id));
  return *job;
}

std::filesystem::path job_file_path(Service& service, const store::Job& job, std::string_view role) {
  const store::JobFile* file = job.file(role);
  if (!file && !store::is_final(job.status)) {
    throw net::HttpError(
        404, "not_ready",
        fmt::format("[job] {} is {}: its files come when it is done", job.id, store::status_name(job.status)));
  }
  const auto path = file ? service.blobs().find(file->sha256) : std::nullopt;
  if (!path) throw net::HttpError(404, "not_found", fmt::format("[job] {} has no {}", job.id, role));
  return *path;
}

}  // namespace hotshot::service
