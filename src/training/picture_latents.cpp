#include "training/picture_latents.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "base/options.h"
#include "data/batch.h"
#include "model/part.h"
#include "model/registry.h"
#include "model/unet_encoder.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

constexpr std::string_view kClass = "AutoencoderKL";
constexpr int kFramesAtOnce = 32;  // of clips rendered or read before they are encoded

}  // namespace

PictureCodec::PictureCodec(const std::filesystem::path& model_folder, at::Device device, at::ScalarType dtype)
    : device_(device), dtype_(dtype) {
  const std::filesystem::path folder = model_folder / "vae";
  vae_ = model::build_network<model::KlVae>(kClass, "vae", read_json(folder / "config.json"), folder.string());
  model::load_parameters(*vae_, model::find_network_class(kClass, "vae", "train"), folder);
  vae_->to(device, dtype);
  digest_ = weights::folder_digest(folder);
}

at::Tensor PictureCodec::encode(const std::vector<Frames>& clips) const {
  const at::NoGradGuard no_grad;
  const at::Tensor video_bcfhw = data::to_video(clips).to(device_, dtype_);
  const at::Tensor mean_nchw = vae_->encode_sliced(model::fold_frames(video_bcfhw)).mean.to(at::kFloat);
  return model::unfold_frames(vae_->normalize(mean_nchw), video_bcfhw.size(2));
}

Frames PictureCodec::decode(const at::Tensor& latents) const {
  const at::NoGradGuard no_grad;
  const at::Tensor latents_nchw = vae_->denormalize(model::fold_frames(latents)).to(device_, dtype_);
  const at::Tensor pictures_nchw = vae_->decode_sliced(latents_nchw).to(at::kFloat).clamp(-1, 1);
  return data::to_frames(model::unfold_frames(pictures_nchw, latents.size(2)), 0);
}

PictureLatents::PictureLatents(const PictureCodec& codec, const data::ClipSet& clips,
                               const std::vector<data::Bucket>& buckets, const std::filesystem::path& folder) {
  const auto held_on = codec.device().is_cpu() ? std::nullopt : std::optional(codec.device());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    counts_.push_back(clips.count(i));
    if (counts_[i] == 0) {
      stores_.push_back(nullptr);
      continue;
    }
    const data::Bucket& bucket = buckets[i];
    const std::string made_from = sha256_text(codec.digest() + " " + clips.digest(i)).substr(0, 12);
    const int clips_at_once = std::max(1, kFramesAtOnce / bucket.frames);
    const auto encode = [&codec, &clips, i, clips_at_once](std::uint64_t first, int n) {
      std::vector<at::Tensor> latents;
      for (int done = 0; done < n; done += clips_at_once) {
        const std::uint64_t begin = first + static_cast<std::uint64_t>(done);
        latents.push_back(codec.encode(clips.clips(i, begin, std::min(clips_at_once, n - done))).to(at::kHalf));
      }
      return at::cat(latents);
    };
    const auto name = fmt::format("{}x{}x{}-{}", bucket.frames, bucket.height, bucket.width, made_from);
    stores_.push_back(std::make_unique<data::LatentStore>(folder / name, clips.count(i), encode, held_on));
  }
}

at::Tensor PictureLatents::batch(std::size_t bucket, const std::vector<std::uint64_t>& clips) const {
  ensure(stores_[bucket] != nullptr, "latents", "bucket {} has no clips", bucket);
  return stores_[bucket]->batch(clips).to(at::kFloat);
}

void PictureLatents::make_all() const {
  for (std::size_t i = 0; i < stores_.size(); ++i) {
    for (std::int64_t first = 0; first < counts_[i]; first += data::LatentStore::kShard) {
      stores_[i]->batch({static_cast<std::uint64_t>(first)});
    }
  }
}

}  // namespace hotshot::training
