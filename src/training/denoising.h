// What a UNet learns: to tell data from noise at every level of a discrete schedule (Ho et al. 2020, algorithm 1).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "diffusion/noise_table.h"
#include "diffusion/scheduler_config.h"
#include "model/unet.h"
#include "training/loop.h"
#include "training/text_towers.h"

namespace hotshot::training {

struct DenoisingOptions {
  double caption_dropout = 0.1;  // of captions become empty, for classifier-free guidance
  std::string prediction;        // "epsilon" or "v_prediction"; empty: what the model's scheduler says
  double min_snr_gamma = 5;      // diffusion::min_snr_weight; 0 for weights of 1
  double noise_offset = 0;       // diffusion::offset_noise; Hotshot-XL took 0.05
  std::string dtype = "bf16";    // of activations, and of weights that do not learn
  int preview_steps = 20;
  double preview_guidance = 5;
  std::vector<std::string> preview_prompts;
  FieldList fields();
};

/// Clips of one shape, what is said of them, and the noise they are hidden in.
struct DenoisingBatch {
  at::Tensor latents_bcfhw;
  std::vector<std::string> captions;
  at::Tensor size_ids_bk;  // UnetContext; passed over by networks that are told none
  at::Tensor weight_b;     // of errors; undefined for 1
  at::Tensor eps_bcfhw;
  at::Tensor timestep_b;

  DenoisingBatch narrow(std::int64_t first, std::int64_t end) const;
};

class Denoising {
 public:
  /// Noise levels are those of the scheduler of `model_folder`, or SDXL's where it has none. Whether empty texts are
  /// zeros stands in its model_index.json; else they are for networks that are told a pooled text, as when sampling.
  /// Throws InvalidArgument for a model of flow matching.
  Denoising(DenoisingOptions options, const std::filesystem::path& model_folder);

  const DenoisingOptions& options() const { return options_; }
  at::ScalarType dtype() const;
  const diffusion::SchedulerConfig& scheduler() const { return scheduler_; }

  /// The captions to train on: some are dropped. Depends on (seed, step) alone.
  void drop_captions(std::vector<std::string>& captions, std::uint64_t seed, std::int64_t step) const;
  /// Fills eps_bcfhw and timestep_b. Depends on (seed, step) and the latents' shape alone.
  void add_noise(DenoisingBatch& batch, std::uint64_t seed, std::int64_t step) const;

  Loss loss(const model::Unet& unet, const TextTowers& towers, const DenoisingBatch& batch) const;

  /// Latents [1, c, f, h, w] of a prompt, made as previews are; noise is that of `index`.
  at::Tensor sample(const model::Unet& unet, const TextTowers& towers, const std::string& prompt,
                    at::IntArrayRef shape_bcfhw, const at::Tensor& size_ids_bk, std::uint64_t index) const;

 private:
  const diffusion::DiscreteScheduleOptions& schedule() const;
  model::UnetContext context(const model::Unet& unet, const TextTowers& towers, const std::vector<std::string>& texts,
                             const at::Tensor& size_ids_bk) const;

  DenoisingOptions options_;
  diffusion::SchedulerConfig scheduler_;
  diffusion::NoiseTable table_;
  std::optional<bool> zero_empty_;
};

}  // namespace hotshot::training
