#include "training/model_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "diffusion/scheduler_config.h"

namespace hotshot::training {
namespace {

using nlohmann::json;

void write_json(const std::filesystem::path& path, const json& content) {
  make_folders(path.parent_path(), "train");
  write_file(path, content.dump(2) + "\n");
}

json trained_on(std::vector<data::Bucket> buckets, int fps, double guidance) {
  const int frames = std::max_element(buckets.begin(), buckets.end(), [](const auto& a, const auto& b) {
                       return a.frames < b.frames;
                     })->frames;
  std::stable_sort(buckets.begin(), buckets.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  json sizes = json::array();
  for (const data::Bucket& bucket : buckets) {
    if (bucket.frames == frames) sizes.push_back({bucket.width, bucket.height});
  }
  return {{"frames", frames},     {"fps", fps},  {"sizes", sizes},
          {"guidance", guidance}, {"steps", 30}, {"data", "cartoon world"}};
}

}  // namespace

void write_model_files(const std::filesystem::path& model_folder, const std::vector<data::Bucket>& buckets, int fps,
                       double shift, double guidance) {
  write_json(model_folder / "model_index.json", {{"_class_name", "WanPipeline"},
                                                 {"_diffusers_version", "0.35.0"},
                                                 {"scheduler", {"diffusers", "UniPCMultistepScheduler"}},
                                                 {"text_encoder", {"transformers", "UMT5EncoderModel"}},
                                                 {"tokenizer", {"transformers", "PreTrainedTokenizerFast"}},
                                                 {"transformer", {"diffusers", "WanTransformer3DModel"}},
                                                 {"vae", {"diffusers", "AutoencoderKLWan"}}});
  const diffusion::SchedulerConfig scheduler{.sampler = "unipc",
                                             .schedule = diffusion::FlowScheduleOptions{.shift = shift}};
  write_json(model_folder / "scheduler" / "scheduler_config.json", diffusion::write_scheduler_config(scheduler));
  write_json(model_folder / "hotshot.json", trained_on(buckets, fps, guidance));
}

}  // namespace hotshot::training
