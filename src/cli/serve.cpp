// hotshot serve: the service on one data folder, and the processes that make its jobs.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/service_config.h"
#include "cli/terminal.h"
#include "provenance/signer.h"
#include "service/app.h"
#include "service/supervisor.h"

namespace hotshot::cli {
namespace {

std::string program_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// `hotshot worker` and `hotshot relay` take the settings that the server was given: the same file and flags.
std::vector<std::string> command_of(const char* name, int argc, char** argv) {
  std::vector<std::string> command{program_path(), name, "--parent", std::to_string(::getpid())};
  command.insert(command.end(), argv + 1, argv + argc);
  return command;
}

// Each connection is a file to the system, and its usual bound of 1,024 is fewer than the server is made for.
void allow_many_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

void print_welcome(service::Service& service, int port) {
  const std::string& address = service.config().address;
  const std::string base =
      fmt::format("http://{}:{}", address.find(':') == std::string::npos ? address : "[" + address + "]", port);
  std::string text = fmt::format("studio     {}/\nOpenAI     base URL {}/v1, any key\n", base, base);
  if (service.sign_in())
    text = fmt::format("studio     {}/\nOpenAI     base URL {}/v1, with a key made in the studio\n", base, base);
  if (!service.config().database_url().empty()) text += "database   PostgreSQL\n";
  text += fmt::format("data       {}\n", service.config().data_folder().string());
  if (service.sign_in() && service.accounts().empty()) {
    text += fmt::format("set up     {}/?setup={}\n", base, service.accounts().setup_secret());
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int serve(int argc, char** argv) {
  service::ServiceConfig config = config_file(argc, argv);
  std::string file;
  Arguments arguments(
      "hotshot serve [OPTIONS]",
      "Answers HTTP: the studio, the interfaces of others, and a worker that renders. Ctrl-C ends it; jobs are kept.");
  arguments.option("--config", "TOML file with these settings, names with '_' for '-'", &file);
  arguments.fields(config.fields(), {"s3_secret_key", "database"});  // from the file or the environment alone
  if (!arguments.parse(argc, argv)) return 0;

  allow_many_files();
  service::Service service(config);
  // Before the workers, whom nobody would hear complain.
  if (config.sign && config.workers > 0) provenance::Signer::open(service.folder(service::kSigningFolder));
  catch_interrupts();
  service::App app(service);
  std::optional<service::Supervisor> workers, relay;
  if (config.workers > 0) workers.emplace(command_of("worker", argc, argv), config.workers);
  if (config.provider_jobs > 0 && !config.providers.empty()) relay.emplace(command_of("relay", argc, argv), 1);
  app.measures().watch_workers([&] {
    const auto running = [](const auto& processes) { return processes ? processes->running().size() : 0; };
    return static_cast<int>(running(workers) + running(relay));
  });
  print_welcome(service, app.port());
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::fputs("\nhotshot serve: stopping; what is being rendered goes on at the next start\n", stderr);
  app.measures().drain();
  app.measures().watch_workers({});
  relay.reset();
  workers.reset();
  app.stop();
  return 0;
}

}  // namespace hotshot::cli
