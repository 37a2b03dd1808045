#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/heap.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "evaluation/world_report.h"
#include "evaluation/world_suite.h"
#include "media/encode.h"
#include "pipeline/library.h"

namespace hotshot::cli {
namespace {

namespace fs = std::filesystem;

struct EvaluateOptions {
  std::string suite = "world";
  std::string model{pipeline::kDefaultModel};
  std::string judge = "world-judge";
  std::string out;
  evaluation::WorldSuiteOptions world;
  pipeline::GenerateRequest request;
};

bool parse(EvaluateOptions& options, int argc, char** argv) {
  Arguments arguments(
      "hotshot evaluate [--suite world] [-m MODEL] [-o FOLDER] [OPTIONS]",
      "Makes clips from captions whose truth is known, has a judge read them, and prints the share that is "
      "right. FOLDER gets index.html with the clips, and report.json.");
  arguments.option("--suite", "what is asked: world", &options.suite);
  arguments.option("-m,--model", "name or folder of a model", &options.model);
  arguments.option("--judge", "name or folder of the judge", &options.judge);
  arguments.option("-o,--output", "folder for the report [none: the table alone]", &options.out);
  arguments.fields(options.world.fields());
  arguments.fields(options.request.fields(), {"prompt", "prompt_2", "count", "seed"});
  arguments.fields(options.request.files.fields());
  return arguments.parse(argc, argv);
}

// A judge is no model that makes clips: it is looked up by its folder alone.
fs::path find_judge(const std::string& name) {
  if (fs::is_directory(fs::path(name) / "judge")) return name;
  std::string looked;
  for (const pipeline::ModelRoot& root : pipeline::model_roots()) {
    if (fs::is_directory(root.path / name / "judge")) return root.path / name;
    looked += (looked.empty() ? "" : ", ") + (root.path / name).string();
  }
  throw_invalid("judge", fmt::format("expected the folder of a judge but '{}' is none, nor is {}", name, looked));
}

}  // namespace

int evaluate(int argc, char** argv) {
  EvaluateOptions options;
  if (!parse(options, argc, argv)) return 0;
  keep_freed_memory();
  if (options.suite != "world") throw_unknown("suite", options.suite, {"world"});
  const auto model = pipeline::open_model(pipeline::find_model(options.model, pipeline::model_roots()));
  const auto judge = evaluation::Judge::open(find_judge(options.judge));
  const fs::path folder = options.out;
  if (!folder.empty()) make_folders(folder / "clips", "evaluate");

  catch_interrupts();
  TerminalProgress progress;
  std::vector<std::string> files;
  const auto keep = [&](const evaluation::JudgedClip&, const Clip& clip) {
    if (folder.empty()) return;
    files.push_back(fmt::format("clips/{:04}.webp", files.size() + 1));
    media::encode(clip, folder / files.back());
  };
  const evaluation::WorldReport report =
      evaluation::run_world_suite(model, judge, options.world, options.request, keep, &progress);
  progress.clear();
  if (!folder.empty()) {
    write_file(folder / "report.json", evaluation::report_json(report).dump(1) + "\n");
    write_file(folder / "index.html", evaluation::report_page(report, files));
  }
  std::fputs(evaluation::report_table(report).c_str(), stdout);
  if (!folder.empty()) std::printf("\n%s\n", (folder / "index.html").c_str());
  return 0;
}

}  // namespace hotshot::cli
