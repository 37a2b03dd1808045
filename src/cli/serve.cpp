// hotshot serve and hotshot worker: the service on one data folder.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "service/app.h"
#include "service/supervisor.h"
#include "service/worker.h"

namespace hotshot::cli {
namespace {

// What the file of --config says; flags then change it.
service::ServiceConfig config_file(int argc, char** argv) {
  service::ServiceConfig config;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--config") == 0) read_fields(config.fields(), read_toml(argv[i + 1]), argv[i + 1]);
  }
  return config;
}

std::string program_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// A worker takes the settings that the server was given: the same file and flags.
std::vector<std::string> worker_command(int argc, char** argv) {
  std::vector<std::string> command{program_path(), "worker", "--parent", std::to_string(::getpid())};
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
  arguments.fields(config.fields());
  if (!arguments.parse(argc, argv)) return 0;

  allow_many_files();
  service::Service service(config);
  catch_interrupts();
  service::App app(service);
  std::optional<service::Supervisor> workers;
  if (config.workers > 0) workers.emplace(worker_command(argc, argv), config.workers);
  print_welcome(service, app.port());
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::fputs("\nhotshot serve: stopping; what is being rendered goes on at the next start\n", stderr);
  workers.reset();
  app.stop();
  return 0;
}

int worker(int argc, char** argv) {
  service::ServiceConfig config = config_file(argc, argv);
  std::string file;
  std::string parent;
  Arguments arguments(
      "hotshot worker [OPTIONS]",
      "Renders jobs of a service's data folder, one after the other. Any number may run on one folder.");
  arguments.option("--config", "the service's TOML file", &file);
  arguments.option("--parent", "end when this process, which started it, ends", &parent);
  arguments.fields(config.fields());
  if (!arguments.parse(argc, argv)) return 0;
  if (!parent.empty()) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (std::to_string(::getppid()) != parent) return 0;  // it ended before it could be said
  }

  service::Service service(config);
  service::PipelineRenderer renderer(service.catalogue(), config.formats, config.threads);
  service::Worker worker(service, renderer, {.name = service::worker_name(), .lease_ms = config.lease_seconds * 1000});
  catch_interrupts();
  std::jthread watcher([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    worker.stop();
  });
  worker.run();
  return 0;
}

}  // namespace hotshot::cli
