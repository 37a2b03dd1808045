#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "pipeline/library.h"
#include "pipeline/memory.h"
#include "pipeline/model_folder.h"
#include "weights/digest.h"

namespace hotshot::cli {
namespace {

std::string count_text(std::int64_t count) {
  const double value = static_cast<double>(count);
  if (value >= 1e9) return fmt::format("{:.2f} B", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} M", value / 1e6);
  return fmt::format("{:.1f} k", value / 1e3);
}

std::string size_text(const pipeline::PixelSize& size) { return fmt::format("{}x{}", size.width, size.height); }

void print(const std::string& line) { std::puts(line.c_str()); }

int list(int argc, char** argv) {
  Arguments arguments("hotshot models list", "Lists the models that can be named.");
  if (!arguments.parse(argc, argv)) return 0;
  const auto entries = pipeline::list_models(pipeline::model_roots());
  if (entries.empty()) {
    print("No models yet. hotshot models import PATH makes a diffusers folder known.");
    return 0;
  }
  print(fmt::format("{:<24}{:>11}{:>12}  {:<16}{}", "name", "parameters", "trained at", "length", "folder"));
  for (const auto& entry : entries) {
    try {
      const pipeline::ModelFolder folder = pipeline::open_model(entry.path);
      const pipeline::Trained& trained = folder.trained;
      print(fmt::format("{:<24}{:>11}{:>12}  {:<16}{}", entry.name, count_text(folder.parameters()),
                        size_text(trained.sizes.front()), fmt::format("{} at {} fps", trained.frames, trained.fps),
                        entry.path.string()));
    } catch (const InvalidArgument& error) {
      print(fmt::format("{:<24}cannot be used: {}", entry.name, error.what()));
    }
  }
  return 0;
}

void print_memory(const pipeline::ModelFolder& folder) {
  for (const pipeline::PixelSize& size : folder.trained.sizes) {
    const pipeline::Workload work{.width = size.width, .height = size.height, .frames = folder.trained.frames};
    print(fmt::format("memory       about {} in bf16, {} in fp32 for {} frames of {}",
                      pipeline::bytes_text(pipeline::estimate_memory(folder, work, at::kBFloat16).peak()),
                      pipeline::bytes_text(pipeline::estimate_memory(folder, work, at::kFloat).peak()), work.frames,
                      size_text(size)));
  }
}

int show(int argc, char** argv) {
  std::string name;
  Arguments arguments("hotshot models show NAME", "Shows parts, parameters, sizes and the memory a model needs.");
  arguments.positional("name", "name or folder of a model", &name);
  if (!arguments.parse(argc, argv)) return 0;
  const pipeline::ModelFolder folder = pipeline::open_model(pipeline::find_model(name, pipeline::model_roots()));
  const pipeline::Trained& trained = folder.trained;
  print(fmt::format("name         {}\nfolder       {}\ndigest       {}\nparameters   {}", folder.name,
                    folder.path.string(), weights::folder_digest(folder.path), count_text(folder.parameters())));
  for (const pipeline::PartSummary& part : folder.parts) {
    print(fmt::format("  {:<14}{:<24}{:>10}  {:>9} of {}", part.name, part.class_name, count_text(part.parameters),
                      pipeline::bytes_text(part.bytes), part.dtypes));
  }
  std::string sizes;
  for (const pipeline::PixelSize& size : trained.sizes) sizes += (sizes.empty() ? "" : ", ") + size_text(size);
  print(fmt::format("latents      {}", folder.family->latents_text()));
  print(fmt::format("trained at   {}; {} frames at {} fps; other sizes in multiples of {}", sizes, trained.frames,
                    trained.fps, folder.size_step()));
  print(fmt::format("defaults     {} steps of {}, shift {:g}, guidance {:g}", trained.steps,
                    trained.sampler.empty() ? folder.scheduler.sampler : trained.sampler,
                    trained.shift.value_or(std::get<diffusion::FlowScheduleOptions>(folder.scheduler.schedule).shift),
                    trained.guidance));
  print_memory(folder);
  return 0;
}

int import(int argc, char** argv) {
  std::string path, name;
  bool copy = false;
  Arguments arguments("hotshot models import PATH [--name NAME] [--copy]",
                      "Checks a model folder in the diffusers layout and makes it known by name.");
  arguments.positional("path", "folder with model_index.json", &path);
  arguments.option("--name", "what to call it; the folder's name if not given", &name);
  arguments.flag("--copy", "copy the files instead of linking to them", &copy);
  if (!arguments.parse(argc, argv)) return 0;
  const pipeline::ModelFolder folder = pipeline::open_model(path);
  const auto place = pipeline::import_model(folder.path, name, copy, pipeline::model_roots());
  print(fmt::format("{} is known as {}: {}", folder.path.string(), place.filename().string(), place.string()));
  return 0;
}

int remove(int argc, char** argv) {
  std::string name;
  bool delete_files = false;
  Arguments arguments("hotshot models remove NAME [--delete-files]",
                      "Forgets an imported model. What a link points to stays.");
  arguments.positional("name", "name of an imported model", &name);
  arguments.flag("--delete-files", "delete the files of a copied model", &delete_files);
  if (!arguments.parse(argc, argv)) return 0;
  pipeline::remove_model(name, delete_files, pipeline::model_roots());
  print(fmt::format("{} is removed", name));
  return 0;
}

constexpr auto kModelActions = std::to_array<Command>({
    {"list", "the models that can be named", list},
    {"show", "parts, parameters, sizes and memory of one", show},
    {"import", "make a folder in the diffusers layout known", import},
    {"remove", "forget an imported model", remove},
});

}  // namespace

int models(int argc, char** argv) {
  return run_row("hotshot models", "Models that can be named.", kModelActions, argc, argv);
}

}  // namespace hotshot::cli
