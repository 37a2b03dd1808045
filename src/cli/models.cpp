#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "pipeline/import.h"
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
  const std::string length =
      trained.frames == 1 ? "pictures" : fmt::format("{} frames at {} fps", trained.frames, trained.fps);
  print(fmt::format("trained at   {}; {}; other sizes in multiples of {}", sizes, length, folder.size_step()));
  const auto* flow = std::get_if<diffusion::FlowScheduleOptions>(&folder.scheduler.schedule);
  print(fmt::format("defaults     {} steps of {}, {}guidance {:g}", trained.steps,
                    trained.sampler.empty() ? folder.scheduler.sampler : trained.sampler,
                    flow ? fmt::format("shift {:g}, ", trained.shift.value_or(flow->shift)) : "", trained.guidance));
  print_memory(folder);
  return 0;
}

int import(int argc, char** argv) {
  std::string path;
  pipeline::ImportOptions options;
  Arguments arguments("hotshot models import PATH [--name NAME] [--base MODEL] [--copy]",
                      "Recognises a file or folder from what it holds, checks it and makes a model of it that can be "
                      "named: a folder in the diffusers layout, a single-file checkpoint (SD 1.5, SDXL), Hotshot-XL's "
                      "temporal layers, an autoencoder.");
  arguments.positional("path", "file or folder", &path);
  arguments.option("--name", "what to call it; the file's own name if not given", &options.name);
  arguments.option("--base", "model (name, folder or file) that gives the parts a file lacks", &options.base);
  arguments.flag("--copy", "copy a folder instead of linking to it", &options.copy);
  if (!arguments.parse(argc, argv)) return 0;
  const pipeline::Imported made = pipeline::import_path(path, options, pipeline::model_roots());
  print(fmt::format("{} is {}", path, made.description));
  for (const std::string& line : made.left) print("  not needed: " + line);
  if (!made.advice.empty()) print(made.advice);
  if (!made.place.empty())
    print(fmt::format("{} is known as {}: {}", path, made.place.filename().string(), made.place.string()));
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
    {"import", "make a file or folder of others a model here", import},
    {"remove", "forget an imported model", remove},
});

}  // namespace

int models(int argc, char** argv) {
  return run_row("hotshot models", "Models that can be named.", kModelActions, argc, argv);
}

}  // namespace hotshot::cli
