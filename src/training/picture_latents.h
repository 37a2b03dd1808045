// The autoencoder of an image model, and what it makes of a data set, kept in files between runs.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/clip_set.h"
#include "data/latent_store.h"
#include "model/kl_vae.h"

namespace hotshot::training {

/// The part "vae" of a model folder, which stays as it is; it sees every frame alone.
class PictureCodec {
 public:
  PictureCodec(const std::filesystem::path& model_folder, at::Device device, at::ScalarType dtype);

  const model::KlVaeConfig& config() const { return vae_->config(); }
  const std::string& digest() const { return digest_; }
  at::Device device() const { return device_; }

  /// Clips of one shape → normalised latents [n, c, f, h, w], fp32: the means of the posterior (Rombach et al. 2022).
  at::Tensor encode(const std::vector<Frames>& clips) const;
  /// The inverse for one clip, latents [1, c, f, h, w].
  Frames decode(const at::Tensor& latents_bcfhw) const;

 private:
  std::unique_ptr<model::KlVae> vae_;
  std::string digest_;
  at::Device device_;
  at::ScalarType dtype_;
};

/// Latents of every bucket of a data set. `codec` and `clips` must outlive it.
class PictureLatents {
 public:
  PictureLatents(const PictureCodec& codec, const data::ClipSet& clips, const std::vector<data::Bucket>& buckets,
                 const std::filesystem::path& folder);

  /// latents [batch, c, f, h, w] fp32 of the given clips of a bucket, which must have clips.
  at::Tensor batch(std::size_t bucket, const std::vector<std::uint64_t>& clips) const;
  /// Makes those that are not there yet, which otherwise happens when one is asked for.
  void make_all() const;

 private:
  std::vector<std::int64_t> counts_;
  std::vector<std::unique_ptr<data::LatentStore>> stores_;  // null for a bucket without clips
};

}  // namespace hotshot::training
