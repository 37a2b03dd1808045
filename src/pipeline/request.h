// What a person asks for, and what will be done about it: every decision is taken before the first weight is read.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/options.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "pipeline/local_files.h"
#include "pipeline/memory.h"
#include "pipeline/model_folder.h"

namespace hotshot::pipeline {

/// One request for clips. Empty fields take the model's own values. The field list feeds flags, JSON and recipes.
struct GenerateRequest {
  std::string prompt;
  std::string negative;
  std::string prompt_2;
  std::string negative_2;
  std::optional<double> seconds;
  std::optional<int> frames;
  std::optional<int> fps;
  std::string size;
  std::string aspect;
  std::optional<std::uint64_t> seed;
  std::optional<int> steps;
  std::optional<double> guidance;
  std::string sampler;
  std::optional<double> shift;
  std::string spacing;
  std::optional<double> eta;
  double rescale = 0;
  int clip_skip = 0;
  std::string original_size;
  std::string target_size;
  std::string negative_original_size;
  std::string negative_target_size;
  std::string crop;
  std::string negative_crop;
  int window = 0;
  int overlap = 0;
  bool low_memory = false;
  int count = 1;
  std::string device = "cpu";
  std::string dtype = "auto";
  int threads = 0;
  LocalFiles files = {};

  /// What anyone may ask for: all but the files.
  FieldList fields();
};

/// "832x480" → 832, 480. Throws InvalidArgument, "[field] …".
PixelSize parse_pixel_size(const std::string& text, std::string_view field = "size");
/// "LEFTxTOP" of a crop, each from 0 on. Throws InvalidArgument, "[field] …".
PixelSize parse_crop(const std::string& text, std::string_view field = "crop");

/// A checked request with every choice made.
struct Plan {
  GenerateRequest settled;  // every field filled in; planning it again gives this plan
  std::string prompt;       // cleaned
  std::string negative;
  std::string prompt_2;  // for a second text encoder: the same unless something else was said
  std::string negative_2;
  PixelSize size;
  int frames_shown = 0;  // as requested
  int frames_made = 0;   // at least as many
  int fps = 0;
  std::uint64_t seed = 0;  // of the first clip; clip i has seed + i
  int count = 1;
  double guidance = 0;
  bool guided = false;  // by answers with and without the prompt: guidance > 1, and Family::guides_by_pairs()
  std::string sampler;
  diffusion::Schedule schedule;
  diffusion::SamplerOptions sampler_options;
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  // of transformer and autoencoder; the text encoder is always fp32
  bool quantized = false;  // hidden products of transformer or UNet with weights as bytes (nn::Module::quantize)
  int threads = 1;
  MemoryNeed memory;
  std::vector<std::string> warnings;  // what the person should know before it starts

  int steps() const { return schedule.steps(); }
  /// [1, channels, t, h, w] of one clip's latents.
  std::vector<std::int64_t> latent_shape(const ModelFolder& folder) const;
};

/// Checks `request` against `folder` and settles everything. A missing seed is drawn. Throws InvalidArgument,
/// "[field] expected … but got …". Does not look at free memory: see require_memory.
Plan plan_request(const GenerateRequest& request, const ModelFolder& folder);

/// Whether this processor multiplies bf16 faster than fp32: the dtype "auto" chooses it.
bool processor_prefers_bf16();

}  // namespace hotshot::pipeline
