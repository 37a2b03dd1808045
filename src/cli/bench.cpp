// hotshot bench: what this machine can do, and where the time of a clip or of a training step goes.
#include <ATen/Parallel.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/heap.h"
#include "base/threads.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/training_pictures.h"
#include "measure/ceilings.h"
#include "measure/profile.h"
#include "pipeline/generate.h"
#include "pipeline/library.h"
#include "training/optimizer.h"
#include "training/recipe.h"

namespace hotshot::cli {
namespace {

namespace fs = std::filesystem;

void use_threads(int threads) { at::set_num_threads(threads > 0 ? threads : hardware_threads()); }

int ceilings(int argc, char** argv) {
  int threads = 0;
  Arguments arguments("hotshot bench ceilings [--threads N]",
                      "What this machine can do: products in registers, oneDNN's products and convolutions, memory.");
  arguments.fields({{"threads", "threads; 0 = one per core", &threads, {0, 1024}}});
  if (!arguments.parse(argc, argv)) return 0;
  use_threads(threads);
  std::fputs(measure::ceilings_table(measure::measure_ceilings()).c_str(), stdout);
  return 0;
}

// The table beside the ceilings of the same run.
void print_profile(const measure::Profile& profile, const std::string& what) {
  const measure::Ceilings ceilings = measure::measure_ceilings();
  std::printf("%s, %d threads; the last column is a share of %.3f TFLOP/s (oneDNN's best) or %.1f GB/s (copy)\n\n%s",
              what.c_str(), at::get_num_threads(), ceilings.best_library_rate() * 1e-12, ceilings.copy_rate() * 1e-9,
              measure::profile_table(profile, ceilings.best_library_rate(), ceilings.copy_rate()).c_str());
}

int profile_clip(int argc, char** argv) {
  std::string model{pipeline::kDefaultModel};
  pipeline::GenerateRequest request;
  request.prompt = "a red car drives to the left through the snow at night";
  request.seed = 1;
  Arguments arguments("hotshot bench clip [-m MODEL] [OPTIONS]",
                      "Where the time of a second clip goes, once a first one has warmed everything up.");
  arguments.option("-m,--model", "name or folder of a model", &model);
  arguments.fields(request.fields(), {"prompt", "prompt_2", "count", "seed"});
  if (!arguments.parse(argc, argv)) return 0;
  const pipeline::ModelFolder folder = pipeline::open_model(pipeline::find_model(model, pipeline::model_roots()));
  const pipeline::Plan plan = pipeline::plan_request(request, folder);
  use_threads(plan.threads);
  const auto make = [&] { pipeline::generate(folder, plan, [](pipeline::Made) {}); };
  make();
  measure::Profile profile;
  make();
  profile.stop();
  print_profile(profile, fmt::format("{}, {} frames of {}x{}, {} steps", folder.name, plan.frames_shown,
                                     plan.size.width, plan.size.height, plan.steps()));
  return 0;
}

int profile_training(int argc, char** argv) {
  std::string recipe_path, model_folder, latents;
  int steps = 10, threads = 0;
  Arguments arguments("hotshot bench train RECIPE.toml [OPTIONS]",
                      "Where the time of training steps goes. Nothing that was learned is kept.");
  arguments.positional("RECIPE.toml", "the recipe", &recipe_path);
  arguments.fields({{"model_folder", "as in hotshot train", &model_folder},
                    {"latents", "as in hotshot train: latents are made, and kept, there", &latents},
                    {"steps", "that are measured, after two others", &steps, {1, 100000}},
                    {"threads", "threads; 0 = one per core", &threads, {0, 1024}}});
  if (!arguments.parse(argc, argv)) return 0;
  use_threads(threads);
  const training::Recipe recipe = training::read_recipe(recipe_path);
  const fs::path run_folder = fs::path("runs") / fs::path(recipe_path).stem();
  const auto task = recipe.make_task(
      {run_folder, model_folder.empty() ? fs::path("models") / recipe.top.model : fs::path(model_folder),
       latents.empty() ? run_folder / "latents" : fs::path(latents), picture_reader()},
      at::kCPU);
  training::Optimizer optimizer(recipe.optimizer, task->parameters());
  const auto step = [&](int index) {
    training::differentiate(*task, index, recipe.loop.micro_batches);
    optimizer.update(index, recipe.loop.steps);
  };
  for (int i = 0; i < 2; ++i) step(i);
  measure::Profile profile;
  for (int i = 0; i < steps; ++i) step(2 + i);
  profile.stop();
  print_profile(profile, fmt::format("{} of {}, {} steps", recipe.top.part, recipe.top.model, steps));
  return 0;
}

constexpr auto kBenches = std::to_array<Command>({
    {"ceilings", "what this machine can do", ceilings},
    {"clip", "where the time of a clip goes", profile_clip},
    {"train", "where the time of training steps goes", profile_training},
});

}  // namespace

int bench(int argc, char** argv) {
  keep_freed_memory();
  return run_row("hotshot bench", "Measurements of this machine and of what runs on it.", kBenches, argc, argv);
}

}  // namespace hotshot::cli
