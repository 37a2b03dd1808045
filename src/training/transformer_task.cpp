#include "training/transformer_task.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/random.h"
#include "data/cover_window.h"
#include "diffusion/guidance.h"
#include "diffusion/path.h"
#include "diffusion/sampler.h"
#include "model/config.h"
#include "model/part.h"
#include "training/autoencoder_task.h"
#include "training/model_files.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

model::WanVaeConfig vae_config(const std::filesystem::path& model_folder) {
  model::WanVaeConfig config;
  const auto path = model_folder / "vae" / "config.json";
  model::read_config(config.fields(), read_json(path), path.string());
  return config;
}

// The first bucket of whole clips trained on the most frames: what previews show.
const data::Bucket& longest(const std::vector<data::Bucket>& buckets) {
  const auto frames = [](const data::Bucket& bucket) { return bucket.window == 0 ? bucket.frames : 0; };
  return *std::max_element(buckets.begin(), buckets.end(),
                           [&](const auto& a, const auto& b) { return frames(a) < frames(b); });
}

at::Tensor normal(at::IntArrayRef shape, const Random& random) {
  at::Tensor noise = at::empty(shape, at::kFloat);
  random.fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
  return noise;
}

}  // namespace

FieldList TransformerOptions::fields() {
  return {
      {"caption_dropout", "share of empty captions", &caption_dropout, {0, 1}},
      {"max_tokens", "of a caption", &max_tokens, {1, 512}},
      {"context_tokens", "that texts are padded to", &context_tokens, {1, 4096}},
      {"subject_weight", "of errors where the actors are, added to 1, times (1 - sigma)^2", &subject_weight, {0, 1000}},
      {"dtype", "bf16 or fp32", &dtype},
      {"preview_steps", "of a preview", &preview_steps, {1, 1000}},
      {"preview_guidance", "of a preview", &preview_guidance, {0, 50}},
      {"preview_shift", "of a preview", &preview_shift, {0.01, 100}},
      {"preview_prompts", "what previews show", &preview_prompts}};
}

TransformerTask::TransformerTask(model::WanTransformerConfig transformer, model::Umt5Config text_encoder,
                                 TransformerOptions options, diffusion::DensityOptions density,
                                 std::vector<data::Bucket> buckets, data::WorldSource source, TransformerInputs inputs,
                                 std::uint64_t seed, at::Device device)
    : vae_(vae_config(inputs.model_folder)),
      tokenizer_(text::T5Tokenizer::load(inputs.model_folder / "tokenizer")),
      transformer_(std::move(transformer)),
      text_encoder_(std::move(text_encoder)),
      options_(std::move(options)),
      density_(std::move(density)),
      buckets_(std::move(buckets)),
      source_(source),
      vae_digest_(weights::folder_digest(inputs.model_folder / "vae")),
      tokenizer_digest_(weights::folder_digest(inputs.model_folder / "tokenizer")),
      seed_(seed),
      device_(device) {
  compute_dtype(options_.dtype, "train");
  require(std::any_of(buckets_.begin(), buckets_.end(), [](const auto& bucket) { return bucket.window == 0; }), "train",
          "expected a bucket of whole clips among {} but got none", buckets_.size());
  require(text_encoder_.config().vocab_size >= tokenizer_.vocabulary_size(), "train",
          "expected a vocab_size of at least the tokenizer's {} but got {}", tokenizer_.vocabulary_size(),
          text_encoder_.config().vocab_size);
  require(text_encoder_.config().d_model == transformer_.config().text_dim, "train",
          "expected text_dim {} as the text encoder's d_model but got {}", text_encoder_.config().d_model,
          transformer_.config().text_dim);
  model::load_parameters(vae_, inputs.model_folder / "vae");
  vae_.to(device, at::kBFloat16);
  if (inputs.initial.empty()) {
    transformer_.initialize(seed);
    text_encoder_.initialize(seed + 1);
  } else {
    model::load_parameters(transformer_, inputs.initial / "transformer");
    model::load_parameters(text_encoder_, inputs.initial / "text_encoder");
  }
  for (nn::Module* module : {static_cast<nn::Module*>(&transformer_), static_cast<nn::Module*>(&text_encoder_)}) {
    module->to(device, at::kFloat);
    module->requires_grad(true);
  }
  const std::string made_from =
      sha256_text(fmt::format("{} {} {}/{}", vae_digest_, source_.seed, source_.rate.num, source_.rate.den));
  for (const data::Bucket& bucket : buckets_) {
    check(bucket);
    const auto name = fmt::format("{}x{}x{}-{}", bucket.frames, bucket.height, bucket.width, made_from.substr(0, 12));
    stores_.push_back(std::make_unique<data::LatentStore>(
        inputs.latent_folder / name, bucket.clips,
        [this, &bucket](std::uint64_t first, int n) { return encode(bucket, first, n); }));
    if (!needs_cover(bucket)) {
      covers_.push_back(nullptr);
      continue;
    }
    covers_.push_back(std::make_unique<data::LatentStore>(
        inputs.latent_folder / ("cover-" + name), bucket.clips,
        [this, &bucket](std::uint64_t first, int n) { return cover(bucket, first, n); }));
  }
}

void TransformerTask::check(const data::Bucket& bucket) const {
  const int time = vae_.config().scale_factor_temporal, space = vae_.config().scale_factor_spatial;
  const auto& patch = transformer_.config().patch_size;
  require(bucket.frames % time == 1 % time, "train", "expected buckets of {}k+1 frames but got {}", time,
          bucket.frames);
  require(bucket.height % (space * patch[1]) == 0 && bucket.width % (space * patch[2]) == 0, "train",
          "expected buckets in multiples of {}x{} but got {}x{}", space * patch[2], space * patch[1], bucket.width,
          bucket.height);
  require(bucket.window % (space * patch[1]) == 0 && bucket.window <= std::min(bucket.height, bucket.width), "train",
          "expected a window in multiples of {} within {}x{} but got {}", space * patch[1], bucket.width, bucket.height,
          bucket.window);
}

bool TransformerTask::needs_cover(const data::Bucket& bucket) const {
  return options_.subject_weight > 0 || bucket.window > 0;
}

at::Tensor TransformerTask::encode(const data::Bucket& bucket, std::uint64_t first, int count) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> latents;
  const int piece = bucket.frames == 1 ? 32 : 4;
  for (int begin = 0; begin < count; begin += piece) {
    const std::vector<Frames> clips =
        source_.clips(first + static_cast<std::uint64_t>(begin), std::min(piece, count - begin), bucket.frames,
                      bucket.height, bucket.width);
    const at::Tensor video = data::to_video(clips).to(device_, at::kBFloat16);
    latents.push_back(vae_.normalize(vae_.encode(video).mean.to(at::kFloat)).to(at::kHalf));
  }
  return at::cat(latents);
}

at::Tensor TransformerTask::cover(const data::Bucket& bucket, std::uint64_t first, int count) const {
  return data::latent_cover(source_.covers(first, count, bucket.frames, bucket.height, bucket.width),
                            vae_.config().scale_factor_temporal, vae_.config().scale_factor_spatial);
}

// Clips of a bucket in order of its own pseudo-random walk: the numbers of a step depend on the step alone.
TransformerTask::Batch TransformerTask::batch(std::size_t index, std::int64_t step) {
  const data::Bucket& bucket = buckets_[index];
  std::vector<std::uint64_t> clips;
  Batch batch;
  Random random(seed_ + static_cast<std::uint64_t>(step), "batch");
  for (int i = 0; i < bucket.batch; ++i) {
    const std::uint64_t clip = random.below(static_cast<std::uint32_t>(bucket.clips));
    clips.push_back(clip);
    const bool dropped = random.chance(static_cast<float>(options_.caption_dropout));
    const auto draw = static_cast<std::uint64_t>(step) * 4096 + static_cast<std::uint64_t>(i);
    batch.captions.push_back(dropped ? "" : source_.caption(clip, draw));
  }
  batch.latents_bcthw = stores_[index]->batch(clips).to(at::kFloat).to(device_);
  const auto draw = static_cast<std::uint64_t>(step);
  batch.sigma_b = diffusion::sample_sigmas(density_, seed_, draw, 0, bucket.batch).to(device_);
  at::Tensor cover;
  if (needs_cover(bucket)) cover = covers_[index]->batch(clips).to(at::kFloat).to(device_);
  if (bucket.window > 0) {
    const int side = bucket.window / vae_.config().scale_factor_spatial;
    const std::vector<data::Window> windows = data::windows_on_cover(cover, side, side, random);
    batch.latents_bcthw = data::cut_windows(batch.latents_bcthw, windows, side, side);
    cover = data::cut_windows(cover, windows, side, side);
  }
  if (options_.subject_weight > 0) {
    const at::Tensor strength_b = options_.subject_weight * (1 - batch.sigma_b).square();
    const at::Tensor weight = 1 + strength_b.view({-1, 1, 1, 1, 1}) * cover;
    batch.weight_b1thw = weight / weight.mean({1, 2, 3, 4}, /*keepdim=*/true);
  }
  batch.eps_bcthw = normal(batch.latents_bcthw.sizes(), Random(seed_ + draw, "noise")).to(device_);
  return batch;
}

TransformerTask::Batch TransformerTask::Batch::narrow(std::int64_t first, std::int64_t end) const {
  const auto rows = [&](const at::Tensor& x) { return x.defined() ? x.narrow(0, first, end - first) : x; };
  return {rows(latents_bcthw),
          rows(weight_b1thw),
          rows(sigma_b),
          rows(eps_bcthw),
          {captions.begin() + first, captions.begin() + end}};
}

model::TextContext TransformerTask::context(const std::vector<std::string>& prompts) {
  const data::TokenBatch tokens = data::tokenize(tokenizer_, prompts, options_.max_tokens);
  const at::Tensor embeddings =
      text_encoder_(tokens.ids_bl.to(device_), tokens.lengths, compute_dtype(options_.dtype, "train"));
  return model::pad_context(embeddings, tokens.lengths, options_.context_tokens);
}

std::vector<nn::NamedParameter> TransformerTask::parameters() {
  std::vector<nn::NamedParameter> all;
  for (const auto& [name, parameter] : transformer_.parameters()) all.push_back({"transformer." + name, parameter});
  for (const auto& [name, parameter] : text_encoder_.parameters()) all.push_back({"text_encoder." + name, parameter});
  return all;
}

MicroBatches TransformerTask::micro_batches(std::int64_t step, int count) {
  const std::size_t index = data::pick_bucket(buckets_, seed_, step);
  const Batch whole = batch(index, step);
  return cut_batch(buckets_[index].batch, count, [&](std::int64_t first, std::int64_t last) {
    return [this, part = whole.narrow(first, last)] { return loss(part); };
  });
}

Loss TransformerTask::loss(const Batch& batch) {
  const at::Tensor x_t = diffusion::mix(batch.latents_bcthw, batch.eps_bcthw, batch.sigma_b);
  const at::Tensor predicted = transformer_(x_t.to(compute_dtype(options_.dtype, "train")),
                                            diffusion::timesteps_of(batch.sigma_b), context(batch.captions));
  const at::Tensor squares =
      (predicted.to(at::kFloat) - diffusion::velocity(batch.latents_bcthw, batch.eps_bcthw)).square();
  const at::Tensor error_b = (batch.weight_b1thw.defined() ? squares * batch.weight_b1thw : squares).mean({1, 2, 3, 4});
  Loss loss;
  loss.value = (error_b * diffusion::loss_weight(density_.weighting, batch.sigma_b).to(device_)).mean();
  loss.samples = batch.latents_bcthw.size(0);
  loss.extra[batch.latents_bcthw.size(2) == 1 ? "loss_picture" : "loss_clip"] = squares.mean().item<double>();
  return loss;
}

std::vector<Clip> TransformerTask::preview() {
  at::NoGradGuard no_grad;
  const data::Bucket& bucket = longest(buckets_);
  const auto& c = vae_.config();
  const at::ScalarType dtype = compute_dtype(options_.dtype, "train");
  std::vector<Clip> clips;
  for (std::size_t i = 0; i < options_.preview_prompts.size(); ++i) {
    const model::TextContext text = context({options_.preview_prompts[i], ""});
    const at::Tensor noise = normal({1, c.z_dim, (bucket.frames - 1) / c.scale_factor_temporal + 1,
                                     bucket.height / c.scale_factor_spatial, bucket.width / c.scale_factor_spatial},
                                    Random(i, "preview"))
                                 .to(device_);
    const auto velocity = [&](const at::Tensor& x, const diffusion::DenoiserCall& call) {
      const at::Tensor time = at::full({2}, call.timestep, at::kFloat).to(device_);
      const auto both = transformer_(at::cat({x, x}).to(dtype), time, text).to(at::kFloat).chunk(2);
      return diffusion::guide(both[0], both[1], options_.preview_guidance);
    };
    const auto schedule = diffusion::flow_schedule(options_.preview_steps, {.shift = options_.preview_shift});
    const at::Tensor latents = diffusion::sample("unipc", velocity, noise, schedule);
    const at::Tensor video = vae_.decode(vae_.denormalize(latents).to(at::kBFloat16)).clamp(-1, 1);
    clips.push_back({data::to_frames(video, 0), source_.rate});
  }
  return clips;
}

void TransformerTask::export_parts(const std::filesystem::path& model_folder) {
  model::save_part(transformer_, transformer_.config().to_json(), model_folder / "transformer",
                   "diffusion_pytorch_model", at::kBFloat16);
  model::save_part(text_encoder_, text_encoder_.config().to_json(), model_folder / "text_encoder", "model",
                   at::kBFloat16);
  std::vector<data::Bucket> whole;
  std::copy_if(buckets_.begin(), buckets_.end(), std::back_inserter(whole),
               [](const data::Bucket& bucket) { return bucket.window == 0; });
  write_model_files(model_folder, whole, source_.rate.num, options_.preview_shift, options_.preview_guidance);
}

}  // namespace hotshot::training
