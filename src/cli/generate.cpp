#include "pipeline/generate.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/heap.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/terminal.h"
#include "media/contact_sheet.h"
#include "media/encode.h"
#include "media/png.h"
#include "pipeline/library.h"
#include "pipeline/recipe.h"
#include "provenance/signer.h"
#include "service/service.h"
#include "weights/digest.h"

namespace hotshot::cli {
namespace {

static_assert(pipeline::kEngine == "hotshot " HOTSHOT_VERSION, "recipes name the version of CMakeLists.txt");

using Clock = std::chrono::steady_clock;

struct GenerateOptions {
  pipeline::GenerateRequest request;
  pipeline::Finish finish;
  std::string model{pipeline::kDefaultModel};
  std::vector<std::string> outputs;
  std::string contact_sheet;
  bool no_recipe = false;
  bool no_sign = false;
  bool quiet = false;
};

/// What a command makes: they differ in words alone.
struct Product {
  std::string usage, summary;
  std::string output;                // where none is given; {} is the seed
  std::vector<std::string> without;  // fields that make no sense for it
};

const Product kClips{"hotshot generate \"PROMPT\" [-o FILE] [OPTIONS]", "Makes clips from text.", "clip-{}.mp4", {}};
const Product kPictures{"hotshot image \"PROMPT\" [-o FILE] [OPTIONS]",
                        "Makes pictures from text.",
                        "picture-{}.png",
                        {"seconds", "frames", "fps", "window", "overlap", "loop", "ping_pong"}};

bool parse(GenerateOptions& options, Product product, int argc, char** argv) {
  Arguments arguments(
      product.usage, product.summary + " The format follows the file's extension: " + [] {
        std::string text;
        for (const std::string& extension : media::known_extensions()) text += (text.empty() ? "." : ", .") + extension;
        return text;
      }() + ".");
  arguments.positional("prompt", "what it shows", &options.request.prompt);
  arguments.option(
      "-o,--output",
      "file to write; several -o write several formats [" + fmt::format(fmt::runtime(product.output), "SEED") + "]",
      &options.outputs);
  arguments.option("-m,--model", "name or folder of a model; see hotshot models", &options.model);
  product.without.emplace_back("prompt");
  arguments.fields(options.request.fields(), product.without);
  arguments.fields(options.request.files.fields());
  arguments.fields(options.finish.fields(), product.without);
  arguments.option("--contact-sheet", "also write one picture of all clips to this .png", &options.contact_sheet);
  arguments.flag("--no-recipe", "do not embed how the clip was made", &options.no_recipe);
  arguments.flag("--no-sign", "do not sign that a model made it (C2PA); the IPTC mark stays", &options.no_sign);
  arguments.flag("-q,--quiet", "no progress and no warnings", &options.quiet);
  return arguments.parse(argc, argv);
}

void check_outputs(GenerateOptions& options, const Product& product, const pipeline::Plan& plan) {
  if (options.outputs.empty()) options.outputs.push_back(fmt::format(fmt::runtime(product.output), plan.seed));
  for (const std::string& output : options.outputs) {
    check_output(output, plan.size.width, plan.size.height, {plan.fps, 1});
  }
  if (!options.contact_sheet.empty()) check_picture_output(options.contact_sheet);
}

/// Writes each clip as it comes, and remembers them for the contact sheet.
class Writer {
 public:
  Writer(const GenerateOptions& options, const pipeline::Plan& plan, const pipeline::ModelFolder& folder,
         TerminalProgress& progress)
      : options_(options), plan_(plan), progress_(progress), started_(Clock::now()) {
    if (!options.no_recipe) digest_ = weights::folder_digest(folder.path);
    name_ = folder.name;
    if (!options.no_sign) signer_ = provenance::Signer::open(service::default_data_folder() / service::kSigningFolder);
  }

  void write(pipeline::Made made) {
    for (const std::string& line : made.warnings) {
      if (!options_.quiet) std::fputs(("hotshot: warning: " + line + "\n").c_str(), stderr);
    }
    const auto encode = options_.finish.encoding(recipe_text(made), std::string(media::kTrainedAlgorithmicMedia));
    made.clip = options_.finish.shown(std::move(made.clip));
    for (const std::string& output : options_.outputs) {
      const auto path = numbered(output, made.index, plan_.count);
      const auto files = media::encode(made.clip, path, encode, &progress_);
      for (const auto& file : files) sign(file);
      progress_.clear();
      report(files, made);
    }
    if (!options_.contact_sheet.empty()) clips_.push_back(std::move(made.clip));
  }

  void finish() {
    if (options_.contact_sheet.empty()) return;
    media::write_png(media::contact_sheet(clips_), options_.contact_sheet, {}, media::kTrainedAlgorithmicMedia);
    sign(options_.contact_sheet);
    std::printf("%s\n", options_.contact_sheet.c_str());
  }

 private:
  std::string recipe_text(const pipeline::Made& made) const {
    if (options_.no_recipe) return "";
    pipeline::Recipe recipe = pipeline::recipe_of(plan_, made.seed, name_, digest_);
    recipe.finish = options_.finish;
    return pipeline::write_recipe(recipe);
  }
  // A file that could not be signed is not what was asked for.
  void sign(const std::filesystem::path& file) const {
    if (!signer_) return;
    try {
      signer_->sign(file, {.version = std::string(pipeline::kVersion), .model = options_.no_recipe ? "" : name_});
    } catch (...) {
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
      throw;
    }
  }
  void report(const std::vector<std::filesystem::path>& files, const pipeline::Made& made) const {
    const std::string name = files.size() == 1
                                 ? files.front().string()
                                 : fmt::format("{} … {}", files.front().string(), files.back().filename().string());
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    std::printf("%s\n",
                fmt::format("{}  {}x{}, {} frame{} at {} fps ({} made), seed {}, {:.1f} s", name, plan_.size.width,
                            plan_.size.height, made.clip.frames.count, made.clip.frames.count == 1 ? "" : "s",
                            plan_.fps, made.frames_made, made.seed, seconds)
                    .c_str());
    std::fflush(stdout);
  }

  const GenerateOptions& options_;
  const pipeline::Plan& plan_;
  TerminalProgress& progress_;
  Clock::time_point started_;
  std::string name_;
  std::string digest_;
  std::vector<Clip> clips_;
  std::optional<provenance::Signer> signer_;
};

int make(GenerateOptions options, const Product& product, int argc, char** argv) {
  if (!parse(options, product, argc, argv)) return 0;
  keep_freed_memory();
  const auto folder = pipeline::open_model(pipeline::find_model(options.model, pipeline::model_roots()));
  const pipeline::Plan plan = pipeline::plan_request(options.request, folder);
  check_outputs(options, product, plan);
  pipeline::require_memory(plan.memory, pipeline::available_memory());
  if (!options.quiet) {
    for (const std::string& warning : plan.warnings)
      std::fputs(("hotshot: warning: " + warning + "\n").c_str(), stderr);
  }
  catch_interrupts();
  TerminalProgress progress(options.quiet);
  Writer writer(options, plan, folder, progress);
  pipeline::generate(
      folder, plan, [&](pipeline::Made made) { writer.write(std::move(made)); }, &progress);
  writer.finish();
  return 0;
}

}  // namespace

int generate(int argc, char** argv) { return make({}, kClips, argc, argv); }

int image(int argc, char** argv) {
  GenerateOptions options;
  options.request.frames = 1;
  return make(std::move(options), kPictures, argc, argv);
}

}  // namespace hotshot::cli
