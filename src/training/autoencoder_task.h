// Learning the space-time autoencoder: reconstruct pieces of clips through few latents.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/world_source.h"
#include "model/wan_vae.h"
#include "training/loop.h"

namespace hotshot::training {

struct AutoencoderOptions {
  int frames = 9;       // of a piece, 4k + 1
  int size = 64;        // of a piece, pixels, square
  int clip_size = 128;  // clips are rendered at this size, pieces cut from them
  int batch = 8;
  int tries = 1;                // places looked at per piece; the one where most changes over time is taken
  double picture_share = 0.25;  // of the steps, which see pictures (one frame) instead
  int picture_size = 64;        // of a piece of a picture
  int picture_batch = 32;
  double kl_weight = 1e-6;   // of KL(q || N(0, I)) per latent value, against the error per pixel
  double edge_weight = 1.0;  // of the error of differences between neighbouring pixels: sharp outlines
  /// Of the error of what latents of half the height and width decode to, against the clip at half its size: latents
  /// that shrink as pictures do shall be easier to learn (Kouzelis et al. 2025, arXiv 2502.09509, for one scale alone).
  double scale_weight = 0;
  /// The encoder and the statistics of its latents stay as they are, so that a transformer of those latents goes on
  /// serving: there is no KL term and nothing is halved.
  bool decoder_alone = false;
  int statistics_clips = 64;   // whose latents give latents_mean and latents_std
  std::string dtype = "bf16";  // of activations
  FieldList fields();
};

/// Charbonnier error of pixels and of their differences, and the KL term (Kingma & Welling 2014). A fresh network
/// treats every frame as a picture, so that what is learned from pictures alone holds for clips too (Wan 2025, arXiv
/// 2503.20314, section 4.1: an image autoencoder inflated in time).
class AutoencoderTask : public Task {
 public:
  /// Starts from fresh weights, or from those in `initial` (a vae folder) unless empty, which decoder_alone needs.
  AutoencoderTask(model::WanVaeConfig config, AutoencoderOptions options, data::WorldSource source, std::uint64_t seed,
                  at::Device device, const std::filesystem::path& initial = {});

  std::vector<nn::NamedParameter> parameters() override;
  MicroBatches micro_batches(std::int64_t step, int count) override;
  /// Held-out clips above their reconstructions.
  std::vector<Clip> preview() override;
  void export_parts(const std::filesystem::path& model_folder) override;

 private:
  at::Tensor pieces(std::int64_t step) const;
  void keep_latents(const std::filesystem::path& initial);
  model::Posterior encode(const at::Tensor& video_bcthw) const;
  Loss loss(const at::Tensor& video_bcthw, const at::Tensor& noise_bcthw);
  void measure_latents();

  model::WanVae vae_;
  AutoencoderOptions options_;
  data::WorldSource source_;
  std::uint64_t seed_;
  at::Device device_;
};

/// Peak signal-to-noise ratio in dB of two videos in [-1, 1].
double psnr(const at::Tensor& a, const at::Tensor& b);

/// "bf16" or "fp32" as libtorch's type. Throws InvalidArgument for others.
at::ScalarType compute_dtype(const std::string& name, std::string_view where);

}  // namespace hotshot::training
