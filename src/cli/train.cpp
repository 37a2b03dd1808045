#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/threads.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/training_pictures.h"
#include "training/recipe.h"

namespace hotshot::cli {
namespace {

struct TrainOptions {
  std::string out;
  std::string model_folder;
  std::string latents;
  std::string device = "cpu";
  int threads = 0;

  FieldList fields() {
    return {{"out", "run folder: checkpoints, log, curve, previews (default runs/RECIPE)", &out},
            {"model_folder", "model folder to read parts from and write to (default models/MODEL)", &model_folder},
            {"latents", "folder where latents are kept between runs (default RUN/latents)", &latents},
            {"device", "cpu or cuda", &device},
            {"threads", "0 for all cores", &threads, {0, 1024}}};
  }
};

at::Device device_of(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name != "cuda") throw_unknown("train device", name, {"cpu", "cuda"});
  require(at::hasCUDA(), "train", "expected a libtorch with CUDA and a GPU for --device {} but got neither", name);
  return at::kCUDA;
}

void print_row(const training::LogRow& row, int steps) {
  std::string line = fmt::format("step {}/{}  loss {:.4f}  rate {:.2g}  gradient {:.2f}  {:.1f} samples/s", row.step,
                                 steps, row.loss, row.learning_rate, row.gradient_norm, row.samples_per_second);
  for (const auto& [name, value] : row.extra) line += fmt::format("  {} {:.3f}", name, value);
  std::puts(line.c_str());
  std::fflush(stdout);
}

training::LoopHooks hooks_of(const std::filesystem::path& run_folder, int steps) {
  training::LoopHooks hooks;
  hooks.on_log = [run_folder, steps](const training::LogRow& row) {
    print_row(row, steps);
    draw_curve(run_folder);
  };
  hooks.on_preview = [run_folder](std::int64_t step, const std::vector<Clip>& clips) {
    draw_preview(run_folder, step, clips);
  };
  return hooks;
}

// What a run would find out after hours, or leave half-made.
void prepare(const training::RunPlaces& places, const training::Recipe& recipe) {
  namespace fs = std::filesystem;
  const bool goes_on = !recipe.changes_model || !recipe.top.initial.empty();
  require(!goes_on || fs::is_directory(places.model_folder), "train",
          "expected a model in {} but there is none; name its folder with --model-folder",
          places.model_folder.string());
  make_folders(places.run_folder, "train");
  require_writable(places.run_folder, "train");
  if (!recipe.changes_model) return;
  require(
      !fs::is_symlink(places.model_folder), "train",
      "expected a folder that may be changed but {} is a link to an imported model; copy that (hotshot models import "
      "--copy), or name another --model-folder",
      places.model_folder.string());
  make_folders(places.model_folder, "train");
  require_writable(places.model_folder, "train");
}

}  // namespace

int train(int argc, char** argv) {
  std::string recipe_path;
  TrainOptions options;
  Arguments arguments("hotshot train RECIPE.toml",
                      "Trains what the recipe says. To resume an interrupted run, run the same command again.");
  arguments.positional("RECIPE.toml", "the recipe", &recipe_path);
  arguments.fields(options.fields());
  if (!arguments.parse(argc, argv)) return 0;

  keep_freed_memory();
  training::Recipe recipe = training::read_recipe(recipe_path);
  const at::Device device = device_of(options.device);
  at::set_num_threads(options.threads > 0 ? options.threads : hardware_threads());
  const std::filesystem::path run_folder =
      options.out.empty() ? std::filesystem::path("runs") / std::filesystem::path(recipe_path).stem()
                          : std::filesystem::path(options.out);
  const training::RunPlaces places{
      run_folder,
      options.model_folder.empty() ? std::filesystem::path("models") / recipe.top.model
                                   : std::filesystem::path(options.model_folder),
      options.latents.empty() ? run_folder / "latents" : std::filesystem::path(options.latents), picture_reader()};
  prepare(places, recipe);
  if (!device.is_cpu()) recipe.loop.batches_ahead = std::max(1, at::get_num_threads() - 2);
  const auto task = recipe.make_task(places, device);
  catch_interrupts();
  TerminalProgress progress(/*quiet=*/true);
  training::train(*task, recipe.loop, recipe.optimizer, places.run_folder, places.model_folder, recipe.digest,
                  hooks_of(run_folder, recipe.loop.steps), &progress);
  std::puts(fmt::format("trained {} of {} in {}", recipe.top.part, places.model_folder.string(), run_folder.string())
                .c_str());
  return 0;
}

}  // namespace hotshot::cli
