// hotshot verify: what files say of their origin.
#include "provenance/verify.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "service/origin.h"
#include "service/service.h"

namespace hotshot::cli {
namespace {

using provenance::Finding;
using service::Origin;

struct VerifyOptions {
  std::vector<std::string> files;
  std::string data;
  bool json = false;
};

void put(const char* name, const std::string& text) { std::puts(fmt::format("  {:<9} {}", name, text).c_str()); }

// "http://cv.iptc.org/…/trainedAlgorithmicMedia" → its last word.
std::string last_word(const std::string& url) { return url.substr(url.rfind('/') + 1); }

std::string state_text(const provenance::Verdict& verdict) {
  const provenance::Claimed& claimed = verdict.claimed;
  std::string signer = claimed.issuer;
  if (!claimed.signer.empty() && claimed.signer != claimed.issuer) signer += fmt::format(" ({})", claimed.signer);
  if (!verdict.present) return "no content credentials";
  if (!verdict.valid) return "INVALID: what it says cannot be relied on";
  return fmt::format("{}: as it was signed by {}{}", provenance::state_name(verdict), signer,
                     verdict.trusted ? "" : ", who is not known here");
}

void print_credentials(const provenance::Verdict& verdict) {
  put("C2PA", state_text(verdict));
  for (const Finding& finding : verdict.findings) {
    if (finding.kind == Finding::Kind::failure)
      put("problem", fmt::format("{}: {}", finding.code, finding.explanation));
  }
  const provenance::Claimed& claimed = verdict.claimed;
  if (claimed.generator.empty()) return;
  std::string made = fmt::format("{} {}", claimed.generator, claimed.generator_version);
  if (!claimed.software_agent.empty()) made += fmt::format(", by {}", claimed.software_agent);
  if (!claimed.time.empty()) made += fmt::format(", at {}", claimed.time);
  put("made with", made);
  if (!claimed.action.empty()) put("how", fmt::format("{} {}", claimed.action, last_word(claimed.digital_source)));
}

void print(const std::string& file, const Origin& origin) {
  std::puts(file.c_str());
  print_credentials(origin.credentials);
  put("IPTC", origin.digital_source.empty() ? "no digital source type" : last_word(origin.digital_source));
  if (!origin.recipe) return put("recipe", "none");
  const pipeline::Recipe& recipe = *origin.recipe;
  put("recipe", service::printable(fmt::format("{}, {}, seed {}: \"{}\"", recipe.engine, recipe.model,
                                               recipe.request.seed.value_or(0), recipe.request.prompt)));
}

void print_json(const std::string& file, const Origin& origin) {
  nlohmann::json said = service::origin_json(origin);
  said["file"] = file;
  std::puts(said.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace

int verify(int argc, char** argv) {
  VerifyOptions options;
  Arguments arguments(
      "hotshot verify FILE… [OPTIONS]",
      "Says what files claim of their origin (C2PA, IPTC, recipe) and whether it holds. Exit status 0 "
      "when every file is as it was signed, 1 when one is not or is not signed, 2 when one is no clip.");
  arguments.positional("file", "clips and pictures, of anyone", &options.files);
  arguments.fields({{"data", "data folder whose keys are known (default ~/.local/share/hotshot)", &options.data}});
  arguments.flag("--json", "one JSON object a line", &options.json);
  if (!arguments.parse(argc, argv)) return 0;
  service::ServiceConfig config;
  config.data = options.data;
  const provenance::Anchors anchors = provenance::read_anchors(config.data_folder() / service::kSigningFolder);
  int status = 0;
  for (const std::string& file : options.files) {
    try {
      const Origin origin = service::origin_of(file, anchors);
      if (!origin.credentials.valid) status = std::max(status, 1);
      (options.json ? print_json : print)(file, origin);
    } catch (const InvalidArgument& error) {  // the other files are still of interest
      std::fputs(fmt::format("hotshot: {}\n", error.what()).c_str(), stderr);
      status = 2;
    }
  }
  return status;
}

}  // namespace hotshot::cli
