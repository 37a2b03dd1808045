#include "service/service.h"

#include "base/error.h"
#include "base/file.h"
#include "service/job_files.h"
#include "store/settings.h"

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

std::vector<OfferPointer> remote_offers(const std::vector<Provider>& providers) {
  std::vector<OfferPointer> offers;
  for (const Provider& provider : providers) {
    for (const RemoteModel& model : provider.models) offers.push_back(std::make_shared<RemoteOffer>(provider, model));
  }
  return offers;
}

bool asks_for_sign_in(const ServiceConfig& config) {
  return config.sign_in == "always" || (config.sign_in == "auto" && !is_private(config));
}

std::unique_ptr<store::Database> open_database(const ServiceConfig& config) {
  const std::string url = config.database_url();
  return url.empty() ? store::open_sqlite(config.data_folder() / "hotshot.db") : store::open_postgres(url);
}

// Kept, so that links outlive a restart and are good on every server of a cluster. Older services had it in a file.
std::string link_secret_of(store::Database& database, const std::filesystem::path& file) {
  const std::string own = std::filesystem::exists(file) ? read_file(file, 1024) : store::new_secret();
  return store::settled(database, "link_secret", own);
}

}  // namespace

Service::Service(ServiceConfig config)
    : config_(checked(std::move(config))),
      sign_in_(asks_for_sign_in(config_)),
      moderator_(config_),
      database_(open_database(config_)),
      link_secret_(link_secret_of(*database_, folder("link-secret"))),
      jobs_(*database_),
      accounts_(*database_),
      audit_(*database_),
      webhooks_(*database_),
      blobs_(open_blobs(config_)),
      catalogue_(remote_offers(config_.providers)) {}

store::Submitted submit(Service& service, const store::Identity& who, const Planned& planned, const Submission& how) {
  const ServiceConfig& config = service.config();
  if (!config.creation_ends.empty() && store::now_ms() >= parse_day(config.creation_ends, "serve")) {
    throw net::HttpError(
        403, "sunset",
        fmt::format("[sunset] nothing new is made here since {}; what is there can be downloaded until {}. {}",
                    config.creation_ends, config.export_ends.empty() ? "further notice" : config.export_ends,
                    config.sunset_message));
  }
  const std::string prompt = planned.effective.at("prompt");
  const std::optional<Decision> decision =
      service.moderator().judge_words(prompt + "\n" + planned.effective.value("prompt_2", ""));
  if (decision && !decision->allowed)
    throw net::HttpError(400, std::string(kRefused), fmt::format("[prompt] {}", decision->reason), "prompt");
  std::vector<store::NewJob> jobs;
  const std::string group = planned.count > 1 ? store::new_id("group") : "";
  for (int i = 0; i < planned.count; ++i) {
    store::NewJob job{.owner = who.account.id,
                      .kind = planned.kind,
                      .dialect = how.dialect,
                      .model = planned.model,
                      .prompt = prompt,
                      .requested = planned.requested,
                      .effective = planned.effective,
                      .warnings = planned.warnings,
                      .priority = how.priority,
                      .max_attempts = kAttempts,
                      .parent = how.parent,
                      .relation = how.relation,
                      .group = group,
                      .folder = how.folder,
                      .lane = planned.lane};
    if (planned.seed) job.effective["seed"] = *planned.seed + static_cast<std::uint64_t>(i);
    job.effective["count"] = 1;
    if (decision) job.moderation.push_back(decision_json(*decision));
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

}  // namespace hotshot::service
