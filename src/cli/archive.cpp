// hotshot export and hotshot import: a service's library as one file, whether the service runs or not.
#include "service/archive.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/arguments.h"
#include "cli/command.h"

namespace hotshot::cli {
namespace {

struct ArchiveOptions {
  std::string config;
  std::string data;
  std::string account;
  FieldList fields() {
    return {{"config", "the service's TOML file", &config},
            {"data", "data folder of the service (default ~/.local/share/hotshot)", &data},
            {"account", "whose clips; not needed where there is one account", &account}};
  }
};

service::ServiceConfig config_of(const ArchiveOptions& options) {
  service::ServiceConfig config;
  if (!options.config.empty()) config = service::read_config(options.config);
  if (!options.data.empty()) config.data = options.data;
  return config;
}

service::Service open_service(const ArchiveOptions& options) {
  const service::ServiceConfig config = config_of(options);
  require(!config.database_url().empty() || std::filesystem::exists(config.data_folder() / "hotshot.db"), "data",
          "expected the data folder of a service but {} has no hotshot.db", config.data_folder().string());
  return service::Service(config);
}

std::string account_of(service::Service& service, const std::string& name) {
  const std::vector<store::Account> accounts = service.accounts().list();
  std::vector<std::string> names;
  for (const store::Account& account : accounts) {
    if (account.name == name || (name.empty() && accounts.size() == 1)) return account.id;
    names.push_back(account.name);
  }
  if (accounts.empty()) return service.accounts().local().id;
  throw_unknown("account", name, names);
}

void print_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems)
    std::fputs(fmt::format("hotshot: left out: {}\n", problem).c_str(), stderr);
}

}  // namespace

int export_clips(int argc, char** argv) {
  ArchiveOptions options;
  std::string output;
  Arguments arguments(
      "hotshot export -o FILE.zip [OPTIONS]",
      "Packs every clip of an account with its settings into one ZIP: files and JSON, for any program to open.");
  arguments.option("-o,--output", "file to write, .zip", &output);
  arguments.fields(options.fields());
  if (!arguments.parse(argc, argv)) return 0;
  require(output.ends_with(".zip"), "-o", "expected a file name that ends in .zip but got '{}'", output);
  service::Service service = open_service(options);
  const std::string owner = account_of(service, options.account);
  AtomicFile file(output);
  std::ofstream out(file.path(), std::ios::binary);
  const auto report = service::export_library(service, owner, [&](std::string_view bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ensure(out.good(), "export", "cannot write {}", output);
  });
  out.close();
  ensure(out.good(), "export", "cannot write {}", output);
  file.commit();
  print_problems(report.problems);
  std::printf("%s  %d clips, %d files\n", output.c_str(), report.clips, report.files);
  return report.problems.empty() ? 0 : 1;
}

int import_clips(int argc, char** argv) {
  ArchiveOptions options;
  std::string input;
  Arguments arguments("hotshot import FILE.zip [OPTIONS]",
                      "Takes back what hotshot export wrote; clips that are there already stay as they are.");
  arguments.positional("FILE.zip", "the archive", &input);
  arguments.fields(options.fields());
  if (!arguments.parse(argc, argv)) return 0;
  service::Service service(config_of(options));
  const auto report = service::import_library(service, account_of(service, options.account), input);
  print_problems(report.problems);
  std::printf("%d clips added, %d were there\n", report.added, report.known);
  return report.problems.empty() ? 0 : 1;
}

}  // namespace hotshot::cli
