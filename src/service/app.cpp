#include "service/app.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "service/access.h"
#include "service/mcp.h"
#include "service/native.h"
#include "service/openai_images.h"
#include "service/openai_videos.h"
#include "service/openai_webhooks.h"
#include "service/openapi.h"
#include "service/openrouter.h"
#include "service/signed_links.h"
#include "service/studio.h"
#include "service/verifying.h"
#include "service/xai.h"
#include "store/sweep.h"

namespace hotshot::service {
namespace {

constexpr std::int64_t kDayMs = 24 * 3600 * 1000;
constexpr int kThreadsThatWait = 16;  // of the server, where a handler may wait for another machine

net::ServerOptions server_options(const Service& service) {
  net::ServerOptions options;
  options.address = service.config().address;
  options.port = service.config().port;
  options.spool = service.folder("spool");
  options.proxies = net::Networks(service.config().trusted_proxies);
  if (!service.config().blobs.empty() || !service.config().database_url().empty()) options.threads = kThreadsThatWait;
  return options;
}

// What attempts left behind whose job is over.
void clean_leftovers(Service& service) {
  for (const char* name : {"journals", "work"}) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(service.folder(name), ignored)) {
      const std::string file = entry.path().filename().string();
      const auto job = service.jobs().find(file.substr(0, file.rfind('-')));
      if (!job || store::is_final(job->status)) std::filesystem::remove_all(entry.path(), ignored);
    }
  }
}

// Whether a sunset promises that everything can still be fetched.
bool keeps_everything(const ServiceConfig& config) {
  if (config.creation_ends.empty() || store::now_ms() < parse_day(config.creation_ends, "serve")) return false;
  return config.export_ends.empty() || store::now_ms() < parse_day(config.export_ends, "serve");
}

void empty_trash(Service& service) {
  if (keeps_everything(service.config())) return;
  const std::int64_t before = store::now_ms() - service.config().trash_days * kDayMs;
  for (const std::string& id : service.jobs().trashed_before(before)) service.jobs().remove(id);
}

}  // namespace

void add_routes(net::Router& router, Service& service, EventHub& events, Tasks& tasks, Measures& measures) {
  router.before_large_body = gate(service);
  router.around("/", measures.around());
  router.around("/", guard(service));
  add_operations(router, service, measures);
  add_openapi(router, service);
  add_native_session(router, service);
  add_native_jobs(router, service);
  add_native_library(router, service);
  add_native_keys(router, service);
  add_native_accounts(router, service);
  add_native_events(router, service, events);
  add_native_archive(router, service, tasks);
  add_openai_videos(router, service);
  add_openai_images(router, service, events);
  const auto webhooks = std::make_shared<const WebhookCalls>(router, service, tasks);
  add_openai_webhooks(router, service, webhooks);
  add_native_webhooks(router, service, webhooks);
  add_verifying(router, service);
  add_xai(router, service);
  add_openrouter(router, service);
  add_mcp(router, service);
  add_signed_links(router, service);
  add_shared_pages(router, service);
  add_studio(router, find_studio(service.config()));
}

App::App(Service& service) : service_(service), events_(service), measures_(service) {
  // Not the path: it may be a link that somebody keeps to himself.
  router_.on_failure = [](const net::Request& request, const std::string& what) {
    std::fputs(fmt::format("hotshot serve: {} {} {}: {}\n", request.id, request.method, request.route, what).c_str(),
               stderr);
  };
  add_routes(router_, service_, events_, tasks_, measures_);
  server_ = std::make_unique<net::Server>(server_options(service_), router_);
  measures_.watch([this] { return server_->counts(); });
  webhooks_ = std::make_unique<WebhookSender>(service_);
  keeper_ = std::jthread([this](const std::stop_token& stop) { keep_house(stop); });
}

App::~App() { stop(); }

void App::stop() {
  keeper_.request_stop();
  if (keeper_.joinable()) keeper_.join();
  webhooks_.reset();
  server_->stop();
}

void App::keep_house(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  using namespace std::chrono_literals;
  struct Chore {
    std::chrono::seconds every;
    std::function<void()> run;
    Clock::time_point due = Clock::now();
  };
  store::JobStore& jobs = service_.jobs();
  std::vector<Chore> chores{{1s, [&] { jobs.reap(); }},
                            {1min, [&] { store::sweep(jobs, service_.blobs()); }},
                            {1h, [&] { clean_leftovers(service_), empty_trash(service_); }},
                            {24h, [&] { store::sweep_all(jobs, service_.blobs()); }}};
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    for (Chore& chore : chores) {
      if (Clock::now() < chore.due) continue;
      chore.due = Clock::now() + chore.every;
      try {
        chore.run();
      } catch (const std::exception& error) {
        std::fputs(fmt::format("hotshot serve: house-keeping: {}\n", error.what()).c_str(), stderr);
      }
    }
    wake.wait_for(lock, stop, 1s, [] { return false; });
  }
}

}  // namespace hotshot::service
