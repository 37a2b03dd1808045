// Learning the autoencoder of an image model: reconstruct pieces of pictures of the cartoon world through few latents.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/world_source.h"
#include "model/kl_vae.h"
#include "training/loop.h"

namespace hotshot::training {

struct PictureAutoencoderOptions {
  int size = 64;           // of a piece, pixels, square
  int picture_size = 128;  // pictures are rendered at this size, pieces cut from them
  int batch = 16;
  double kl_weight = 1e-6;       // of KL(q || N(0, I)) per latent value, against the error per pixel
  double edge_weight = 1.0;      // of the error of differences between neighbouring pixels
  int statistics_pictures = 64;  // whose latents give scaling_factor
  std::string dtype = "bf16";    // of activations
  FieldList fields();
};

/// As AutoencoderTask, for AutoencoderKL.
class PictureAutoencoderTask : public Task {
 public:
  /// Starts from fresh weights, or from those in `initial` (a vae folder) unless empty.
  PictureAutoencoderTask(model::KlVaeConfig config, PictureAutoencoderOptions options, data::WorldSource source,
                         std::uint64_t seed, at::Device device, const std::filesystem::path& initial = {});

  std::vector<nn::NamedParameter> parameters() override { return vae_.parameters(); }
  MicroBatches micro_batches(std::int64_t step, int count) override;
  /// Held-out pictures before their reconstructions.
  std::vector<Clip> preview() override;
  /// Writes the part "vae", whose scaling_factor gives latents of deviation 1.
  void export_parts(const std::filesystem::path& model_folder) override;

 private:
  at::Tensor pieces(std::int64_t step) const;
  Loss loss(const at::Tensor& pictures_bchw, const at::Tensor& noise_bchw) const;
  at::Tensor means(const std::vector<Frames>& pictures) const;

  model::KlVae vae_;
  PictureAutoencoderOptions options_;
  data::WorldSource source_;
  std::uint64_t seed_;
  at::Device device_;
};

}  // namespace hotshot::training
