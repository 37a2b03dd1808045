// hotshot worker and hotshot relay: processes that have a service's jobs made, here or by its providers.
#include "service/worker.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/heap.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/service_config.h"
#include "cli/terminal.h"
#include "service/remote_renderer.h"

namespace hotshot::cli {
namespace {

constexpr int kRelayPollMs = 500;  // what others make takes longer anyway

struct ProcessArguments : Arguments {
  ProcessArguments(std::string usage, std::string summary, service::ServiceConfig& config)
      : Arguments(std::move(usage), std::move(summary)) {
    option("--config", "the service's TOML file", &file);
    option("--parent", "end when this process, which started it, ends", &parent);
    fields(config.fields(), {"s3_secret_key", "database"});  // from the file or the environment alone
  }
  std::string file, parent;
};

// False where it has ended already: before it could be said.
bool end_with(const std::string& parent) {
  if (parent.empty()) return true;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  return std::to_string(::getppid()) == parent;
}

// Until the process is interrupted.
void run_all(std::vector<std::unique_ptr<service::Worker>>& workers) {
  catch_interrupts();
  std::vector<std::jthread> threads;
  for (const auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (const auto& worker : workers) worker->stop();
}

}  // namespace

int worker(int argc, char** argv) {
  service::ServiceConfig config = config_file(argc, argv);
  ProcessArguments arguments(
      "hotshot worker [OPTIONS]",
      "Renders jobs of a service's data folder, one after the other. Any number may run on one folder.", config);
  if (!arguments.parse(argc, argv)) return 0;
  if (!end_with(arguments.parent)) return 0;

  keep_freed_memory();  // during a job; the renderer gives it back after each
  service::Service service(config);
  std::optional<provenance::Signer> signer;
  if (config.sign) signer = provenance::Signer::open(service.folder(service::kSigningFolder));
  service::PipelineRenderer renderer(service.catalogue(), config.formats, config.threads, std::move(signer));
  std::vector<std::unique_ptr<service::Worker>> workers;
  workers.push_back(std::make_unique<service::Worker>(
      service, renderer,
      service::WorkerOptions{.name = service::worker_name(), .lease_ms = config.lease_seconds * 1000}));
  run_all(workers);
  return 0;
}

int relay(int argc, char** argv) {
  service::ServiceConfig config = config_file(argc, argv);
  ProcessArguments arguments(
      "hotshot relay --config FILE [OPTIONS]",
      "Has a service's jobs made by the providers in its settings file, several at once, and keeps what they send.",
      config);
  if (!arguments.parse(argc, argv)) return 0;
  require(!config.providers.empty(), "relay", "expected [[provider]] in the file of --config but got {}", "none");
  if (!end_with(arguments.parent)) return 0;

  service::Service service(config);
  std::vector<std::unique_ptr<service::RemoteRenderer>> renderers;
  std::vector<std::unique_ptr<service::Worker>> workers;
  for (const service::Provider& provider : config.providers) {
    renderers.push_back(std::make_unique<service::RemoteRenderer>(provider, config.formats));
    for (int i = 0; i < config.provider_jobs; ++i) {
      workers.push_back(std::make_unique<service::Worker>(
          service, *renderers.back(),
          service::WorkerOptions{.name = fmt::format("{}-{}-{}", service::worker_name(), provider.name, i),
                                 .lease_ms = config.lease_seconds * 1000,
                                 .poll_ms = kRelayPollMs}));
    }
  }
  run_all(workers);
  return 0;
}

}  // namespace hotshot::cli
