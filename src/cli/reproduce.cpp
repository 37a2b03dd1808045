#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/terminal.h"
#include "media/decode.h"
#include "media/encode.h"
#include "media/recipe.h"
#include "pipeline/generate.h"
#include "pipeline/library.h"
#include "pipeline/recipe.h"
#include "provenance/signer.h"
#include "weights/digest.h"

namespace hotshot::cli {
namespace {

namespace fs = std::filesystem;

// Largest and mean absolute difference of bytes.
struct Difference {
  int largest = 0;
  double mean = 0;
};

Difference difference(const Frames& a, const Frames& b) {
  require(a.count == b.count && a.height == b.height && a.width == b.width, "reproduce",
          "expected {} frames of {}x{} but the file has {} of {}x{}", a.count, a.width, a.height, b.count, b.width,
          b.height);
  Difference result;
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const int distance = std::abs(a.pixels[i] - b.pixels[i]);
    result.largest = std::max(result.largest, distance);
    sum += distance;
  }
  result.mean = sum / static_cast<double>(a.pixels.size());
  return result;
}

std::string recipe_text(const fs::path& file) {
  const auto text = media::read_recipe(file);
  require(text.has_value(), "reproduce", "expected a recipe in {} but it has none", file.string());
  return *text;
}

pipeline::ModelFolder open_same_model(const pipeline::Recipe& recipe, const std::string& model) {
  auto folder =
      pipeline::open_model(pipeline::find_model(model.empty() ? recipe.model : model, pipeline::model_roots()));
  const std::string digest = weights::folder_digest(folder.path);
  require(digest == recipe.digest, "reproduce", "expected the model {} with digest {} but {} has {}", recipe.model,
          recipe.digest.substr(0, 16), folder.path.string(), digest.substr(0, 16));
  return folder;
}

Clip render(const pipeline::Recipe& recipe, const std::string& model, const fs::path& files, int threads, bool quiet) {
  const pipeline::ModelFolder folder = open_same_model(recipe, model);
  pipeline::GenerateRequest request = recipe.request;
  request.threads = threads;
  request.files = request.files.in_folder(files);
  const pipeline::Plan plan = pipeline::plan_request(request, folder);
  pipeline::require_memory(plan.memory, pipeline::available_memory());
  TerminalProgress progress(quiet);
  Clip clip;
  pipeline::generate(
      folder, plan, [&](pipeline::Made made) { clip = std::move(made.clip); }, &progress);
  return clip;
}

// PNG and JPEG frames are a file each: the rendered files that hold `bytes`, or the closest.
int compare(const fs::path& file, const Clip& clip, const pipeline::Finish& finish, const std::string& recipe) {
  const ScratchFolder scratch;
  const auto made = media::encode(finish.shown(clip), scratch.path() / ("again" + file.extension().string()),
                                  finish.encoding(recipe, media::read_digital_source(file).value_or("")));
  // Who signed it does not matter here: another machine has another key.
  const std::string bytes = provenance::without_manifest(file);
  for (const fs::path& path : made) {
    if (read_file(path, 1ull << 32) == bytes) {
      std::printf("%s: the same bytes again\n", file.c_str());
      return 0;
    }
  }
  if (made.size() > 1) {
    std::printf("%s: differs from every frame made again\n", file.c_str());
    return 1;
  }
  const Difference found = difference(media::decode(made.front()).frames, media::decode(file).frames);
  if (found.largest == 0) {
    std::printf("%s: the same frames again, in other bytes\n", file.c_str());
    return 0;
  }
  std::printf("%s\n", fmt::format("{}: differs; by at most {} of 255, {:.3f} on average", file.string(), found.largest,
                                  found.mean)
                          .c_str());
  return 1;
}

}  // namespace

int reproduce(int argc, char** argv) {
  std::string file, model, files = ".";
  bool quiet = false;
  Arguments arguments("hotshot reproduce FILE [--model NAME] [--files FOLDER]",
                      "Makes the clip of FILE again from the recipe embedded in it, and compares. Exit status 0 when "
                      "the frames are the same, 1 when they differ.");
  int thread_count = 0;
  arguments.positional("file", "a clip that hotshot made", &file);
  arguments.option("-m,--model", "name or folder, where the recipe's name is not known here", &model);
  arguments.option("--files", "folder of the LoRAs, pictures … that the recipe names", &files);
  arguments.fields({{"threads", "threads; 0 = one per core", &thread_count, {0, 1024}}});
  arguments.flag("-q,--quiet", "no progress", &quiet);
  if (!arguments.parse(argc, argv)) return 0;
  const std::string text = recipe_text(file);
  const pipeline::Recipe recipe = pipeline::parse_recipe(text, file);
  if (recipe.engine != pipeline::kEngine) {
    std::fputs(fmt::format("hotshot: warning: made by {}, this is {}\n", recipe.engine, pipeline::kEngine).c_str(),
               stderr);
  }
  catch_interrupts();
  return compare(file, render(recipe, model, files, thread_count, quiet), recipe.finish, text);
}

}  // namespace hotshot::cli
