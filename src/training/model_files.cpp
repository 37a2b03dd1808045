#include "training/model_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "diffusion/scheduler_config.h"

namespace hotshot::training {
namespace {

using nlohmann::json;

void write_json(const std::filesystem::path& path, const json& content) {
  make_folders(path.parent_path(), "train");
  write_file(path, content.dump(2) + "\n");
}

json trained_json(TrainedOn trained) {
  std::vector<data::Bucket>& buckets = trained.buckets;
  const int frames = std::max_element(buckets.begin(), buckets.end(), [](const auto& a, const auto& b) {
                       return a.frames < b.frames;
                     })->frames;
  std::stable_sort(buckets.begin(), buckets.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  json sizes = json::array();
  for (const data::Bucket& bucket : buckets) {
    const json size{bucket.width, bucket.height};
    const bool known = std::find(sizes.begin(), sizes.end(), size) != sizes.end();
    if (bucket.frames == frames && !known) sizes.push_back(size);
  }
  json out = {{"frames", frames},
              {"fps", trained.fps},
              {"sizes", sizes},
              {"guidance", trained.guidance},
              {"steps", trained.steps}};
  if (!trained.data.empty()) out["data"] = trained.data;
  return out;
}

json index_of(const std::filesystem::path& model_folder) {
  const auto path = model_folder / "model_index.json";
  if (!std::filesystem::exists(path)) return {{"_diffusers_version", "0.35.0"}};
  const json index = read_json(path);
  require(index.is_object(), path.string(), "expected a JSON object but got {}", shown(index));
  return index;
}

}  // namespace

diffusion::SchedulerConfig scheduler_of(const FlowSampling& sampling) {
  diffusion::SchedulerConfig scheduler{.sampler = "unipc",
                                       .schedule = diffusion::FlowScheduleOptions{.shift = sampling.shift}};
  scheduler.options.solver_order = sampling.solver_order;
  if (sampling.solver_order == 1) {
    constexpr std::size_t kMostSteps = 200;  // anybody asks for
    scheduler.options.disable_corrector.resize(kMostSteps);
    std::iota(scheduler.options.disable_corrector.begin(), scheduler.options.disable_corrector.end(), 0);
  }
  return scheduler;
}

void write_model_files(const std::filesystem::path& model_folder, const model::WanTransformerConfig& transformer,
                       const std::vector<data::Bucket>& buckets, int fps, const FlowSampling& sampling) {
  const std::string_view transformer_library =
      transformer.class_name() == model::WanTransformerConfig().class_name() ? "diffusers" : "hotshot";
  write_json(model_folder / "model_index.json", {{"_class_name", "WanPipeline"},
                                                 {"_diffusers_version", "0.35.0"},
                                                 {"expand_timesteps", sampling.continues},
                                                 {"scheduler", {"diffusers", "UniPCMultistepScheduler"}},
                                                 {"text_encoder", {"transformers", "UMT5EncoderModel"}},
                                                 {"tokenizer", {"transformers", "PreTrainedTokenizerFast"}},
                                                 {"transformer", {transformer_library, transformer.class_name()}},
                                                 {"vae", {"diffusers", "AutoencoderKLWan"}}});
  write_json(model_folder / "scheduler" / "scheduler_config.json",
             diffusion::write_scheduler_config(scheduler_of(sampling)));
  write_json(model_folder / "hotshot.json",
             trained_json({buckets, fps, sampling.guidance, "cartoon world", sampling.steps}));
}

void write_image_model_files(const std::filesystem::path& model_folder, const model::UnetConfig& unet,
                             std::size_t towers, const diffusion::SchedulerConfig& scheduler,
                             const TrainedOn& trained) {
  const json scheduler_json = diffusion::write_scheduler_config(scheduler);
  const bool pair = towers > 1;
  json index = index_of(model_folder);
  index["_class_name"] = unet.is_video() ? "HotshotXLPipeline"
                         : pair          ? "StableDiffusionXLPipeline"
                                         : "StableDiffusionPipeline";
  index["scheduler"] = {"diffusers", scheduler_json["_class_name"]};
  index["unet"] = {unet.is_video() ? "hotshot_xl.models.unet" : "diffusers", unet.to_json()["_class_name"]};
  const json parts = {{"vae", {"diffusers", "AutoencoderKL"}},
                      {"text_encoder", {"transformers", "CLIPTextModel"}},
                      {"tokenizer", {"transformers", "CLIPTokenizer"}}};
  const json second = {{"text_encoder_2", {"transformers", "CLIPTextModelWithProjection"}},
                       {"tokenizer_2", {"transformers", "CLIPTokenizer"}},
                       {"force_zeros_for_empty_prompt", true}};
  for (const auto& [name, value] : parts.items()) index.emplace(name, value);
  if (pair) {
    for (const auto& [name, value] : second.items()) index.emplace(name, value);
  }
  write_json(model_folder / "model_index.json", index);
  write_json(model_folder / "scheduler" / "scheduler_config.json", scheduler_json);
  write_json(model_folder / "hotshot.json", trained_json(trained));
}

}  // namespace hotshot::training
