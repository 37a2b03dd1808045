// Clips of the cartoon world as a space-time autoencoder sees them, kept on disk, with their captions.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/latent_store.h"
#include "data/world_source.h"
#include "model/wan_vae.h"

namespace hotshot::training {

/// What a step learns from.
struct ClipBatch {
  at::Tensor latents_bcthw;  // normalised, fp32
  at::Tensor cover_b1thw;    // the share of each place that actors cover; undefined unless asked for
  std::vector<std::string> captions;
  std::int64_t size() const { return latents_bcthw.size(0); }
  ClipBatch narrow(std::int64_t first, std::int64_t last) const;
};

class ClipLatents {
 public:
  struct Places {
    std::filesystem::path model_folder;   // with vae/
    std::filesystem::path latent_folder;  // latents are kept here between runs, apart for each autoencoder and world
  };

  /// `patch_size` [t, h, w], in latents: what the network takes in at once. Throws InvalidArgument for buckets that do
  /// not fit it.
  ClipLatents(const Places& places, std::vector<data::Bucket> buckets, std::vector<int> patch_size,
              data::WorldSource source, std::uint64_t seed, bool with_cover, at::Device device);

  ClipLatents(const ClipLatents&) = delete;
  ClipLatents& operator=(const ClipLatents&) = delete;

  /// Clips of a bucket in order of its own pseudo-random walk: what a step gets depends on the step alone.
  /// caption_dropout of the captions are empty.
  ClipBatch batch(std::int64_t step, double caption_dropout) const;

  /// The latents of one clip of the first bucket of whole clips with the most frames: what previews show.
  std::vector<std::int64_t> preview_shape() const;
  Clip decode(const at::Tensor& latents_bcthw) const;

  /// Those of whole clips.
  std::vector<data::Bucket> whole_buckets() const;
  Rational rate() const { return source_.rate; }
  /// Of the autoencoder.
  const std::string& digest() const { return digest_; }

 private:
  at::Tensor encode(const data::Bucket& bucket, std::uint64_t first, int count) const;
  at::Tensor cover(const data::Bucket& bucket, std::uint64_t first, int count) const;
  void check(const data::Bucket& bucket) const;

  model::WanVae vae_;
  std::vector<data::Bucket> buckets_;
  std::vector<int> patch_size_;
  std::vector<std::unique_ptr<data::LatentStore>> stores_;
  std::vector<std::unique_ptr<data::LatentStore>> covers_;  // as stores_, null where not needed
  data::WorldSource source_;
  std::string digest_;
  std::uint64_t seed_;
  bool with_cover_;
  at::Device device_;
};

}  // namespace hotshot::training
