#include "training/clip_latents.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "base/random.h"
#include "data/cover_window.h"
#include "model/config.h"
#include "model/part.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

model::WanVaeConfig vae_config(const std::filesystem::path& model_folder) {
  model::WanVaeConfig config;
  const auto path = model_folder / "vae" / "config.json";
  model::read_config(config.fields(), read_json(path), path.string());
  return config;
}

}  // namespace

ClipBatch ClipBatch::narrow(std::int64_t first, std::int64_t last) const {
  const auto rows = [&](const at::Tensor& x) { return x.defined() ? x.narrow(0, first, last - first) : x; };
  return {rows(latents_bcthw), rows(cover_b1thw), {captions.begin() + first, captions.begin() + last}};
}

ClipLatents::ClipLatents(const Places& places, std::vector<data::Bucket> buckets, std::vector<int> patch_size,
                         data::WorldSource source, std::uint64_t seed, bool with_cover, at::Device device)
    : vae_(vae_config(places.model_folder)),
      buckets_(std::move(buckets)),
      patch_size_(std::move(patch_size)),
      source_(source),
      digest_(weights::folder_digest(places.model_folder / "vae")),
      seed_(seed),
      with_cover_(with_cover),
      device_(device) {
  require(std::any_of(buckets_.begin(), buckets_.end(), [](const auto& bucket) { return bucket.window == 0; }), "train",
          "expected a bucket of whole clips among {} but got none", buckets_.size());
  model::load_parameters(vae_, places.model_folder / "vae");
  vae_.to(device, at::kBFloat16);
  const std::string made_from =
      sha256_text(fmt::format("{} {} {}/{}", digest_, source_.seed, source_.rate.num, source_.rate.den));
  const auto held_on = device.is_cpu() ? std::nullopt : std::optional(device);
  for (const data::Bucket& bucket : buckets_) {
    check(bucket);
    const auto name = fmt::format("{}x{}x{}-{}", bucket.frames, bucket.height, bucket.width, made_from.substr(0, 12));
    stores_.push_back(std::make_unique<data::LatentStore>(
        places.latent_folder / name, bucket.clips,
        [this, &bucket](std::uint64_t first, int n) { return encode(bucket, first, n); }, held_on));
    if (!with_cover_ && bucket.window == 0) {
      covers_.push_back(nullptr);
      continue;
    }
    covers_.push_back(std::make_unique<data::LatentStore>(
        places.latent_folder / ("cover-" + name), bucket.clips,
        [this, &bucket](std::uint64_t first, int n) { return cover(bucket, first, n); }, held_on));
  }
}

void ClipLatents::check(const data::Bucket& bucket) const {
  const int time = vae_.config().scale_factor_temporal, space = vae_.config().scale_factor_spatial;
  const int wide = space * patch_size_[2], high = space * patch_size_[1];
  require(bucket.frames % time == 1 % time, "train", "expected buckets of {}k+1 frames but got {}", time,
          bucket.frames);
  require(bucket.height % high == 0 && bucket.width % wide == 0, "train",
          "expected buckets in multiples of {}x{} but got {}x{}", wide, high, bucket.width, bucket.height);
  require(bucket.window % high == 0 && bucket.window <= std::min(bucket.height, bucket.width), "train",
          "expected a window in multiples of {} within {}x{} but got {}", high, bucket.width, bucket.height,
          bucket.window);
}

at::Tensor ClipLatents::encode(const data::Bucket& bucket, std::uint64_t first, int count) const {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> latents;
  const int piece = bucket.frames == 1 ? 32 : 4, drawn = std::max(piece, at::get_num_threads());
  for (int begin = 0; begin < count; begin += drawn) {
    const std::vector<Frames> clips =
        source_.clips(first + static_cast<std::uint64_t>(begin), std::min(drawn, count - begin), bucket.frames,
                      bucket.height, bucket.width);
    const int here = static_cast<int>(clips.size());
    for (int i = 0; i < here; i += piece) {
      const std::vector<Frames> some(clips.begin() + i, clips.begin() + std::min(i + piece, here));
      const at::Tensor video = data::to_video(some, device_).to(at::kBFloat16);
      latents.push_back(vae_.normalize(vae_.encode(video).mean.to(at::kFloat)).to(at::kHalf));
    }
  }
  return at::cat(latents);
}

at::Tensor ClipLatents::cover(const data::Bucket& bucket, std::uint64_t first, int count) const {
  return data::latent_cover(source_.covers(first, count, bucket.frames, bucket.height, bucket.width),
                            vae_.config().scale_factor_temporal, vae_.config().scale_factor_spatial);
}

ClipBatch ClipLatents::batch(std::int64_t step, double caption_dropout) const {
  const std::size_t index = data::pick_bucket(buckets_, seed_, step);
  const data::Bucket& bucket = buckets_[index];
  std::vector<std::uint64_t> clips;
  ClipBatch batch;
  Random random(seed_ + static_cast<std::uint64_t>(step), "batch");
  for (int i = 0; i < bucket.batch; ++i) {
    const std::uint64_t clip = random.below(static_cast<std::uint32_t>(bucket.clips));
    clips.push_back(clip);
    const bool dropped = random.chance(static_cast<float>(caption_dropout));
    const auto draw = static_cast<std::uint64_t>(step) * 4096 + static_cast<std::uint64_t>(i);
    batch.captions.push_back(dropped ? "" : source_.caption(clip, draw));
  }
  batch.latents_bcthw = stores_[index]->batch(clips).to(at::kFloat).to(device_);
  if (covers_[index]) batch.cover_b1thw = covers_[index]->batch(clips).to(at::kFloat).to(device_);
  if (bucket.window > 0) {
    const int side = bucket.window / vae_.config().scale_factor_spatial;
    const std::vector<data::Window> windows = data::windows_on_cover(batch.cover_b1thw, side, side, random);
    batch.latents_bcthw = data::cut_windows(batch.latents_bcthw, windows, side, side);
    batch.cover_b1thw = data::cut_windows(batch.cover_b1thw, windows, side, side);
  }
  return batch;
}

std::vector<std::int64_t> ClipLatents::preview_shape() const {
  const std::vector<data::Bucket> whole = whole_buckets();
  const data::Bucket& bucket =
      *std::max_element(whole.begin(), whole.end(), [](const auto& a, const auto& b) { return a.frames < b.frames; });
  const auto& c = vae_.config();
  return {1, c.z_dim, (bucket.frames - 1) / c.scale_factor_temporal + 1, bucket.height / c.scale_factor_spatial,
          bucket.width / c.scale_factor_spatial};
}

Clip ClipLatents::decode(const at::Tensor& latents_bcthw) const {
  at::NoGradGuard no_grad;
  const at::Tensor video = vae_.decode(vae_.denormalize(latents_bcthw).to(at::kBFloat16)).clamp(-1, 1);
  return {data::to_frames(video, 0), source_.rate};
}

std::vector<data::Bucket> ClipLatents::whole_buckets() const {
  std::vector<data::Bucket> whole;
  std::copy_if(buckets_.begin(), buckets_.end(), std::back_inserter(whole),
               [](const data::Bucket& bucket) { return bucket.window == 0; });
  return whole;
}

}  // namespace hotshot::training
