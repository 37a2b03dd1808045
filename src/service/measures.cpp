#include "service/measures.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/error.h"
#include "pipeline/recipe.h"
#include "service/access.h"

namespace hotshot::service {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = Metric::Kind;

// Clocks of other machines may be behind ours by this much, and transactions may take as long.
constexpr std::int64_t kLateMs = 60'000;
constexpr int kBatch = 1000;
constexpr std::chrono::minutes kBytesEvery{1};  // the one number that takes more than some milliseconds

const std::vector<double> kRequestSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
const std::vector<double> kJobSeconds{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400};
const std::vector<double> kStepMs{5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10'000, 30'000, 60'000};

// Anybody may invent methods: those we have no route for are one.
std::string method_label(const std::string& method) {
  constexpr auto kKnown = std::to_array<std::string_view>({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
  return std::find(kKnown.begin(), kKnown.end(), method) == kKnown.end() ? "other" : method;
}

std::string version() { return std::string(pipeline::kEngine.substr(pipeline::kEngine.find(' ') + 1)); }

double resident_bytes() {
  double all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code ignored;
  return static_cast<double>(std::distance(std::filesystem::directory_iterator("/proc/self/fd", ignored), {}));
}

}  // namespace

Measures::Measures(Service& service)
    : service_(service),
      requests_(registry_.add({"hotshot_requests_total",
                               "Requests answered, by the route's pattern.",
                               Kind::counter,
                               {"route", "method", "status"}})),
      request_seconds_(registry_.add({"hotshot_request_seconds",
                                      "From a whole request to the beginning of its answer.",
                                      Kind::histogram,
                                      {"route"},
                                      kRequestSeconds})),
      connections_(registry_.add({"hotshot_connections", "Open connections.", Kind::gauge})),
      streams_(registry_.add({"hotshot_streams", "Answers that go on: events, exports.", Kind::gauge})),
      accepted_(registry_.add({"hotshot_connections_accepted_total", "Connections taken.", Kind::counter})),
      turned_away_(registry_.add(
          {"hotshot_connections_turned_away_total", "Connections refused, for too many were open.", Kind::counter})),
      refused_(registry_.add({"hotshot_requests_refused_total",
                              "Requests that reached no route: malformed, too slow, too large.", Kind::counter})),
      jobs_(registry_.add({"hotshot_jobs", "Jobs kept, by model and status.", Kind::gauge, {"model", "status"}})),
      ended_(registry_.add({"hotshot_jobs_ended_total",
                            "Jobs that ended since the server's start; clips made are those that succeeded.",
                            Kind::counter,
                            {"kind", "model", "status"}})),
      queue_seconds_(registry_.add({"hotshot_job_queue_seconds",
                                    "From submission until a worker took the job, of jobs that needed one attempt.",
                                    Kind::histogram,
                                    {"model"},
                                    kJobSeconds})),
      job_seconds_(registry_.add(
          {"hotshot_job_seconds", "Of the attempt that succeeded.", Kind::histogram, {"kind", "model"}, kJobSeconds})),
      step_ms_(registry_.add({"hotshot_step_milliseconds",
                              "A sampling step's mean time in a job, previews included.",
                              Kind::histogram,
                              {"model"},
                              kStepMs})),
      phase_seconds_(registry_.add({"hotshot_job_phase_seconds_total",
                                    "Time that succeeded jobs took, by phase.",
                                    Kind::counter,
                                    {"model", "phase"}})),
      bytes_(registry_.add(
          {"hotshot_stored_bytes", "Of all files kept, the same bytes once; looked at once a minute.", Kind::gauge})),
      webhooks_(registry_.add(
          {"hotshot_webhooks_waiting", "Webhook deliveries that wait for their first or next try.", Kind::gauge})),
      workers_(registry_.add({"hotshot_workers", "Worker processes of this server that run.", Kind::gauge})),
      busy_workers_(registry_.add({"hotshot_workers_busy", "Workers that hold a job, on any machine.", Kind::gauge})),
      process_memory_(registry_.add({"process_resident_memory_bytes", "Of the server, without workers.", Kind::gauge})),
      process_descriptors_(registry_.add({"process_open_fds", "Open files and sockets of the server.", Kind::gauge})),
      ended_from_ms_(store::now_ms()),
      began_ms_(ended_from_ms_) {
  registry_.add({"hotshot_build_info", "Always 1.", Kind::gauge, {"version"}}).set({version()}, 1);
  registry_.add({"process_start_time_seconds", "Since 1970.", Kind::gauge})
      .set({}, static_cast<double>(began_ms_) / 1000);
}

void Measures::watch(std::function<net::ServerCounts()> server) {
  const std::lock_guard lock(mutex_);
  server_ = std::move(server);
}

void Measures::watch_workers(std::function<int()> running) {
  const std::lock_guard lock(mutex_);
  running_ = std::move(running);
}

net::Middleware Measures::around() {
  return [this](net::Request& request, const net::Handler& next) {
    const auto began = Clock::now();
    net::Response response = next(request);
    count_request(request, response.status, std::chrono::duration<double>(Clock::now() - began).count());
    return response;
  };
}

void Measures::count_request(const net::Request& request, int status, double seconds) {
  const std::string route = request.route.empty() ? "none" : request.route;
  requests_.add({route, method_label(request.method), fmt::format("{}xx", status / 100)});
  request_seconds_.observe({route}, seconds);
}

std::string Measures::text() {
  const std::lock_guard lock(mutex_);
  ask_server();
  ask_store();
  return registry_.text();
}

void Measures::ask_server() {
  process_memory_.set({}, resident_bytes());
  process_descriptors_.set({}, open_descriptors());
  if (running_) workers_.set({}, running_());
  if (!server_) return;
  const net::ServerCounts now = server_();
  connections_.set({}, now.connections);
  streams_.set({}, now.streams);
  const auto grown = [](std::uint64_t from, std::uint64_t to) { return static_cast<double>(to - from); };
  accepted_.add({}, grown(last_counts_.accepted, now.accepted));
  turned_away_.add({}, grown(last_counts_.turned_away, now.turned_away));
  refused_.add({}, grown(last_counts_.refused, now.refused));
  last_counts_ = now;
}

void Measures::ask_store() {
  std::map<Labels, double> jobs;
  for (const store::JobCount& count : service_.jobs().counts())
    jobs[{model_label(count.model), std::string(store::status_name(count.status))}] += static_cast<double>(count.jobs);
  jobs_.replace(std::move(jobs));
  busy_workers_.set({}, service_.jobs().busy_workers());
  webhooks_.set({}, static_cast<double>(service_.webhooks().waiting()));
  count_ended_jobs();
  if (Clock::now() < bytes_due_) return;
  bytes_due_ = Clock::now() + kBytesEvery;
  bytes_.set({}, static_cast<double>(service_.jobs().bytes_kept()));
}

// Looks back a little further than it has looked, for jobs whose end was written late, and remembers whom it met there.
void Measures::count_ended_jobs() {
  std::set<std::string> met;
  std::int64_t from = std::max(ended_from_ms_ - kLateMs, began_ms_), newest = ended_from_ms_;
  for (;;) {
    const auto ended = service_.jobs().ended_since(from, kBatch);
    for (const store::EndedJob& job : ended) {
      if (met.insert(job.id).second && !ended_ids_.contains(job.id)) count_ended(job);
      newest = std::max(newest, job.finished_ms);
    }
    // A whole batch of one instant could never be passed.
    if (static_cast<int>(ended.size()) < kBatch || ended.back().finished_ms == from) break;
    from = ended.back().finished_ms;
  }
  ended_ids_ = std::move(met);
  ended_from_ms_ = std::min(newest, store::now_ms());
}

void Measures::count_ended(const store::EndedJob& job) {
  const std::string model = model_label(job.model);
  ended_.add({job.kind, model, std::string(store::status_name(job.status))});
  if (job.attempts == 1) queue_seconds_.observe({model}, static_cast<double>(job.started_ms - job.created_ms) / 1000);
  if (job.status != store::JobStatus::succeeded || job.attempts == 0) return;
  job_seconds_.observe({job.kind, model}, static_cast<double>(job.finished_ms - job.started_ms) / 1000);
  for (const auto& [phase, ms] : job.timings.phase_ms)
    phase_seconds_.add({model, phase}, static_cast<double>(ms) / 1000);
  const auto sampling = job.timings.phase_ms.find("sampling");
  if (job.timings.steps > 0 && sampling != job.timings.phase_ms.end())
    step_ms_.observe({model}, static_cast<double>(sampling->second) / static_cast<double>(job.timings.steps));
}

// Names of models that came with an archive, or are gone, could be any number.
std::string Measures::model_label(const std::string& model) {
  return service_.catalogue().offers(model) ? model : "other";
}

void add_operations(net::Router& router, Service& service, Measures& measures) {
  router.add("GET", "/healthz", [](net::Request&) { return net::Response::text("ok\n"); });
  router.add("GET", "/readyz", [&service, &measures](net::Request&) {
    if (measures.draining()) throw net::HttpError(503, "draining", "[ready] the service is about to stop");
    service.jobs().newest_event();  // the store answers
    return net::Response::text("ready\n");
  });
  router.add("GET", "/metrics", allow(service, store::Scope::read, [&measures](net::Request&, const store::Identity&) {
               return net::Response::text(measures.text(), "text/plain; version=0.0.4; charset=utf-8");
             }));
}

}  // namespace hotshot::service
