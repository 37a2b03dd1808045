// The parts of an image model together: prompts to pictures while it is in training.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/clip_set.h"
#include "training/denoising.h"
#include "training/picture_latents.h"
#include "training/text_towers.h"

namespace hotshot::training {

/// Handles to parts, which must outlive it.
struct ImageModel {
  const Denoising& denoising;
  const PictureCodec& codec;
  const TextTowers& towers;
  const model::Unet& unet;
};

/// What a network is told of the sizes of a clip in a bucket (UnetContext::size_ids_bk, one row). Hotshot-XL was
/// trained with width before height, SDXL the other way round.
at::Tensor size_ids(const model::UnetConfig& unet, const data::Framing& framing, const data::Bucket& bucket);

/// A clip of a prompt in the shape of a bucket, made as previews are; its noise is that of `index`.
Frames picture_of(const ImageModel& model, const std::string& prompt, const data::Bucket& bucket, std::uint64_t index);

/// Pictures of one prompt that a model makes itself.
class ModelPictures : public data::ClipSet {
 public:
  /// `digest`: of the model.
  ModelPictures(const ImageModel& model, std::string digest, std::string prompt, int count,
                std::vector<data::Bucket> buckets);

  std::int64_t count(std::size_t bucket) const override { return buckets_[bucket].share > 0 ? count_ : 0; }
  std::vector<Frames> clips(std::size_t bucket, std::uint64_t first, int n) const override;
  std::string caption(std::size_t, std::uint64_t, std::uint64_t) const override { return prompt_; }
  data::Framing framing(std::size_t bucket, std::uint64_t clip) const override;
  std::string digest(std::size_t bucket) const override;
  std::string name() const override { return {}; }

 private:
  ImageModel model_;
  std::string digest_, prompt_;
  int count_;
  std::vector<data::Bucket> buckets_;
};

/// Throws InvalidArgument where parts do not fit each other or the buckets.
void check_parts(const ImageModel& model, const std::vector<data::Bucket>& buckets);

/// Buckets that a set has no clips for never have their turn.
std::vector<data::Bucket> with_clips(std::vector<data::Bucket> buckets, const data::ClipSet& clips);

}  // namespace hotshot::training
