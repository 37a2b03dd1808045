// Learning the diffusion transformer and its text encoder together: flow matching on the autoencoder's latents.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "diffusion/density.h"
#include "model/wan_transformer.h"
#include "training/caption_encoder.h"
#include "training/clip_latents.h"
#include "training/loop.h"
#include "training/model_files.h"

namespace hotshot::training {

struct TransformerOptions {
  CaptionOptions captions;
  /// Of errors where the actors are, times (1 - sigma)^2, added to the 1 that all errors have. It fades with noise, for
  /// where noise hides the place of an actor a weight moves the best answer towards "it is everywhere".
  double subject_weight = 0;
  /// Of the steps with clips: their first latent frames are given without noise, and only the others' errors count. So
  /// the model learns to go on from a picture or a clip.
  double continuation_share = 0;
  /// Seen from the model folder being trained: another one whose text encoder to start from (training/caption_task.h);
  /// empty for that of the recipe's `initial`.
  std::string initial_text;
  std::string dtype = "bf16";  // of activations
  int preview_steps = 16;
  double preview_guidance = 4;
  double preview_shift = 3;
  std::vector<std::string> preview_prompts;
  FieldList fields();
};

/// Where a transformer run takes what it needs.
struct TransformerInputs {
  std::filesystem::path model_folder;   // with vae/ and tokenizer/
  std::filesystem::path latent_folder;  // latents are kept here between runs, apart for each autoencoder and world
  std::filesystem::path initial;        // a model folder whose transformer/ to start from, or empty
  std::filesystem::path initial_text;   // a model folder whose text_encoder/ to start from, or empty
};

/// What the network sees of a step whose clips begin with given frames, and what their errors weigh.
struct GivenFrames {
  at::Tensor x_bcthw;       // noisy, but for the given frames
  at::Tensor time_bt;       // 0 for the given frames
  at::Tensor weight_b1thw;  // 0 for the given frames, mean 1 in each clip
};

/// noisy_bt: 0 for given frames, else 1. x_bcthw [b, c, t, h, w] is all noisy, time_b its time; weight_b1thw may be
/// undefined for 1 everywhere.
GivenFrames give_frames(const at::Tensor& noisy_bt, const at::Tensor& data_bcthw, const at::Tensor& x_bcthw,
                        const at::Tensor& time_b, const at::Tensor& weight_b1thw);

class TransformerTask : public Task {
 public:
  TransformerTask(model::WanTransformerConfig transformer, model::Umt5Config text_encoder, TransformerOptions options,
                  diffusion::DensityOptions density, std::vector<data::Bucket> buckets, data::WorldSource source,
                  TransformerInputs inputs, std::uint64_t seed, at::Device device);

  std::vector<nn::NamedParameter> parameters() override;
  MicroBatches micro_batches(std::int64_t step, int count) override;
  std::vector<Clip> preview() override;
  /// Of the autoencoder and the tokenizer.
  std::string data_digest() const override { return clips_.digest() + " " + captions_.digest(); }
  void export_parts(const std::filesystem::path& model_folder) override;

 private:
  struct Batch {
    at::Tensor latents_bcthw;
    at::Tensor weight_b1thw;  // of errors, mean 1 in each clip; undefined for 1 everywhere
    at::Tensor sigma_b;
    at::Tensor eps_bcthw;
    at::Tensor noisy_bt;  // 0 for latent frames that are given, else 1; undefined for 1 everywhere
    data::TokenBatch tokens;
    Batch narrow(std::int64_t first, std::int64_t end) const;
  };

  Batch batch(std::int64_t step) const;
  /// 0 for the first latent frames of each clip, or undefined: a step's own choice.
  at::Tensor noisy_frames(std::int64_t step, std::int64_t clips, std::int64_t frames) const;
  Loss loss(const Batch& batch) const;
  FlowSampling sampling() const;

  ClipLatents clips_;
  CaptionEncoder captions_;
  model::WanTransformer transformer_;
  TransformerOptions options_;
  diffusion::DensityOptions density_;
  std::uint64_t seed_;
  at::Device device_;
};

}  // namespace hotshot::training
