// What a model folder holds besides its networks, so that hotshot and diffusers both open it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "data/batch.h"
#include "diffusion/scheduler_config.h"
#include "model/unet_config.h"
#include "model/wan_transformer.h"

namespace hotshot::training {

/// What a model was trained for: hotshot.json.
struct TrainedOn {
  std::vector<data::Bucket> buckets;  // those with most frames count, the widest share first
  int fps = 8;
  double guidance = 5;
  std::string data;  // its name; may be empty
  int steps = 30;
};

/// How a flow-matching model is best sampled.
struct FlowSampling {
  int steps = 30;
  double guidance = 4;
  double shift = 3;
  /// Of UniPC. 1 means straight steps, without its corrector: what a model wants that learned them (training/
  /// distillation_task.h).
  int solver_order = 2;
  bool continues = false;  // from given first frames, told by their time of 0 (diffusers' expand_timesteps)
};

diffusion::SchedulerConfig scheduler_of(const FlowSampling& sampling);

/// Writes model_index.json (a WanPipeline), scheduler/scheduler_config.json and hotshot.json.
void write_model_files(const std::filesystem::path& model_folder, const model::WanTransformerConfig& transformer,
                       const std::vector<data::Bucket>& buckets, int fps, const FlowSampling& sampling);

/// The same for a UNet with one or two text towers: Stable Diffusion, SDXL or Hotshot-XL. What a model_index.json that
/// is there says besides stays.
void write_image_model_files(const std::filesystem::path& model_folder, const model::UnetConfig& unet,
                             std::size_t towers, const diffusion::SchedulerConfig& scheduler, const TrainedOn& trained);

}  // namespace hotshot::training
