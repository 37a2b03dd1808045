#include "training/image_model.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"

namespace hotshot::training {
namespace {

constexpr std::int64_t kSizes = 6;  // numbers in size_ids

data::Framing whole(const data::Bucket& bucket) {
  return {.original_width = bucket.width, .original_height = bucket.height};
}

}  // namespace

at::Tensor size_ids(const model::UnetConfig& unet, const data::Framing& framing, const data::Bucket& bucket) {
  std::vector<double> across{double(framing.original_width), framing.crop_left, double(bucket.width)};
  std::vector<double> down{double(framing.original_height), framing.crop_top, double(bucket.height)};
  if (!unet.is_video()) std::swap(across, down);
  return at::stack({at::tensor(across, at::kFloat), at::tensor(down, at::kFloat)}, 1).view({1, kSizes});
}

Frames picture_of(const ImageModel& model, const std::string& prompt, const data::Bucket& bucket, std::uint64_t index) {
  const int factor = model.codec.config().scale_factor();
  const std::vector<std::int64_t> shape{1, model.codec.config().latent_channels, bucket.frames, bucket.height / factor,
                                        bucket.width / factor};
  const at::Tensor sizes = size_ids(model.unet.config(), whole(bucket), bucket).to(model.codec.device());
  return model.codec.decode(model.denoising.sample(model.unet, model.towers, prompt, shape, sizes, index));
}

ModelPictures::ModelPictures(const ImageModel& model, std::string digest, std::string prompt, int count,
                             std::vector<data::Bucket> buckets)
    : model_(model),
      digest_(std::move(digest)),
      prompt_(std::move(prompt)),
      count_(count),
      buckets_(std::move(buckets)) {}

std::vector<Frames> ModelPictures::clips(std::size_t bucket, std::uint64_t first, int n) const {
  std::vector<Frames> pictures;
  for (int i = 0; i < n; ++i) {
    pictures.push_back(picture_of(model_, prompt_, buckets_[bucket], first + static_cast<std::uint64_t>(i)));
  }
  return pictures;
}

data::Framing ModelPictures::framing(std::size_t bucket, std::uint64_t) const { return whole(buckets_[bucket]); }

std::string ModelPictures::digest(std::size_t) const {
  const DenoisingOptions& options = model_.denoising.options();
  return sha256_text(fmt::format("{} {} {} {}", digest_, prompt_, options.preview_steps, options.preview_guidance));
}

void check_parts(const ImageModel& model, const std::vector<data::Bucket>& buckets) {
  const model::KlVaeConfig& vae = model.codec.config();
  for (const data::Bucket& bucket : buckets) {
    require(bucket.height % vae.scale_factor() == 0 && bucket.width % vae.scale_factor() == 0, "train",
            "expected buckets in multiples of {} but got {}x{}", vae.scale_factor(), bucket.width, bucket.height);
    require(bucket.window == 0, "train", "expected buckets of whole clips but got a window of {}", bucket.window);
  }
  const model::UnetConfig& unet = model.unet.config();
  require(unet.text_width() == model.towers.width(), "train",
          "expected cross_attention_dim {}, the width of the text towers, but got {}", model.towers.width(),
          unet.text_width());
  require(unet.in_channels == vae.latent_channels, "train",
          "expected in_channels {}, as the autoencoder has, but got {}", vae.latent_channels, unet.in_channels);
  const std::int64_t told = model.towers.pooled_width() + kSizes * unet.addition_time_embed_dim;
  require(!unet.has_text_time() || (model.towers.count() == 2 && unet.projection_class_embeddings_input_dim == told),
          "train", "expected projection_class_embeddings_input_dim {}, of two text towers and six sizes, but got {}",
          told, unet.projection_class_embeddings_input_dim);
}

std::vector<data::Bucket> with_clips(std::vector<data::Bucket> buckets, const data::ClipSet& clips) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (clips.count(i) == 0) buckets[i].share = 0;
  }
  return buckets;
}

}  // namespace hotshot::training
