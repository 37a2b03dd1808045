#include "training/transformer_task.h"

#include <ATen/ATen.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/path.h"
#include "model/part.h"
#include "training/autoencoder_task.h"
#include "training/flow_preview.h"

namespace hotshot::training {

FieldList TransformerOptions::fields() {
  FieldList all = captions.fields();
  const FieldList own{
      {"subject_weight", "of errors where the actors are, added to 1, times (1 - sigma)^2", &subject_weight, {0, 1000}},
      {"continuation_share", "of the steps with clips that give their beginning", &continuation_share, {0, 1}},
      {"initial_text", "model folder whose text encoder to start from, seen from the one being trained", &initial_text},
      {"dtype", "bf16 or fp32", &dtype},
      {"preview_steps", "of a preview", &preview_steps, {1, 1000}},
      {"preview_guidance", "of a preview", &preview_guidance, {0, 50}},
      {"preview_shift", "of a preview", &preview_shift, {0.01, 100}},
      {"preview_prompts", "what previews show", &preview_prompts}};
  std::copy(own.begin(), own.end(), std::back_inserter(all));
  return all;
}

TransformerTask::TransformerTask(model::WanTransformerConfig transformer, model::Umt5Config text_encoder,
                                 TransformerOptions options, diffusion::DensityOptions density,
                                 std::vector<data::Bucket> buckets, data::WorldSource source, TransformerInputs inputs,
                                 std::uint64_t seed, at::Device device)
    : clips_({inputs.model_folder, inputs.latent_folder}, std::move(buckets), transformer.patch_size, source, seed,
             options.subject_weight > 0, device),
      captions_(std::move(text_encoder), options.captions, transformer.text_len, inputs.model_folder,
                inputs.initial_text, seed + 1, device),
      transformer_(std::move(transformer)),
      options_(std::move(options)),
      density_(std::move(density)),
      seed_(seed),
      device_(device) {
  compute_dtype(options_.dtype, "train");
  require(captions_.network().config().d_model == transformer_.config().text_dim, "train",
          "expected text_dim {} as the text encoder's d_model but got {}", captions_.network().config().d_model,
          transformer_.config().text_dim);
  if (inputs.initial.empty()) {
    transformer_.initialize(seed);
  } else {
    model::load_parameters(transformer_, inputs.initial / "transformer");
  }
  require(options_.continuation_share == 0 || transformer_.config().patch_size.at(0) == 1, "train",
          "expected patches of one latent frame to give frames but got {}", transformer_.config().patch_size.at(0));
  transformer_.to(device, at::kFloat);
  transformer_.requires_grad(true);
  captions_.network().requires_grad(true);
}

TransformerTask::Batch TransformerTask::batch(std::int64_t step) const {
  ClipBatch clips = clips_.batch(step, options_.captions.caption_dropout);
  const auto draw = static_cast<std::uint64_t>(step);
  Batch batch{
      .latents_bcthw = clips.latents_bcthw,
      .weight_b1thw = {},
      .sigma_b = diffusion::sample_sigmas(density_.of_frames(clips.latents_bcthw.size(2)), seed_, draw, 0, clips.size())
                     .to(device_),
      .eps_bcthw = at::empty(clips.latents_bcthw.sizes(), at::kFloat),
      .tokens = captions_.tokens(clips.captions)};
  if (options_.subject_weight > 0) {
    const at::Tensor strength_b = options_.subject_weight * (1 - batch.sigma_b).square();
    const at::Tensor weight = 1 + strength_b.view({-1, 1, 1, 1, 1}) * clips.cover_b1thw;
    batch.weight_b1thw = weight / weight.mean({1, 2, 3, 4}, /*keepdim=*/true);
  }
  Random(seed_ + draw, "noise")
      .fill_normal(batch.eps_bcthw.data_ptr<float>(), static_cast<std::size_t>(batch.eps_bcthw.numel()));
  batch.eps_bcthw = batch.eps_bcthw.to(device_);
  batch.noisy_bt = noisy_frames(step, clips.size(), clips.latents_bcthw.size(2));
  return batch;
}

at::Tensor TransformerTask::noisy_frames(std::int64_t step, std::int64_t clips, std::int64_t frames) const {
  Random random(seed_ + static_cast<std::uint64_t>(step), "given frames");
  if (frames == 1 || !random.chance(static_cast<float>(options_.continuation_share))) return {};
  const at::Tensor noisy_bt = at::ones({clips, frames}, at::kFloat);
  for (std::int64_t i = 0; i < clips; ++i) {
    const bool picture = random.chance(0.5f);
    const std::int64_t given = picture ? 1 : 1 + random.below(static_cast<std::uint32_t>(frames - 1));
    noisy_bt[i].narrow(0, 0, given).zero_();
  }
  return noisy_bt.to(device_);
}

TransformerTask::Batch TransformerTask::Batch::narrow(std::int64_t first, std::int64_t end) const {
  const auto rows = [&](const at::Tensor& x) { return x.defined() ? x.narrow(0, first, end - first) : x; };
  return {rows(latents_bcthw), rows(weight_b1thw), rows(sigma_b),
          rows(eps_bcthw),     rows(noisy_bt),     tokens.narrow(first, end)};
}

std::vector<nn::NamedParameter> TransformerTask::parameters() {
  std::vector<nn::NamedParameter> all;
  for (const auto& [name, parameter] : transformer_.parameters()) all.push_back({"transformer." + name, parameter});
  for (const auto& [name, parameter] : captions_.network().parameters()) {
    all.push_back({"text_encoder." + name, parameter});
  }
  return all;
}

MicroBatches TransformerTask::micro_batches(std::int64_t step, int count) {
  const Batch whole = batch(step);
  return cut_batch(whole.latents_bcthw.size(0), count, [&](std::int64_t first, std::int64_t last) {
    return [this, part = whole.narrow(first, last)] { return loss(part); };
  });
}

GivenFrames give_frames(const at::Tensor& noisy_bt, const at::Tensor& data_bcthw, const at::Tensor& x_bcthw,
                        const at::Tensor& time_b, const at::Tensor& weight_b1thw) {
  const at::Tensor noisy = noisy_bt.view({noisy_bt.size(0), 1, -1, 1, 1});
  const at::Tensor weight = weight_b1thw.defined() ? weight_b1thw * noisy : noisy.expand_as(data_bcthw.narrow(1, 0, 1));
  return {at::where(noisy.gt(0), x_bcthw, data_bcthw), time_b.unsqueeze(1) * noisy_bt,
          weight / weight.mean({1, 2, 3, 4}, /*keepdim=*/true)};
}

Loss TransformerTask::loss(const Batch& batch) const {
  const at::ScalarType dtype = compute_dtype(options_.dtype, "train");
  at::Tensor x_t = diffusion::mix(batch.latents_bcthw, batch.eps_bcthw, batch.sigma_b);
  at::Tensor time = diffusion::timesteps_of(batch.sigma_b), weight = batch.weight_b1thw;
  if (batch.noisy_bt.defined()) {
    const GivenFrames given = give_frames(batch.noisy_bt, batch.latents_bcthw, x_t, time, weight);
    x_t = given.x_bcthw, time = given.time_bt, weight = given.weight_b1thw;
  }
  const at::Tensor predicted = transformer_(x_t.to(dtype), time, captions_(batch.tokens, dtype));
  const at::Tensor squares =
      (predicted.to(at::kFloat) - diffusion::velocity(batch.latents_bcthw, batch.eps_bcthw)).square();
  const at::Tensor error_b = (weight.defined() ? squares * weight : squares).mean({1, 2, 3, 4});
  Loss loss;
  loss.value = (error_b * diffusion::loss_weight(density_.weighting, batch.sigma_b).to(device_)).mean();
  loss.samples = batch.latents_bcthw.size(0);
  if (batch.noisy_bt.defined()) {
    const at::Tensor noisy = batch.noisy_bt.view({batch.noisy_bt.size(0), 1, -1, 1, 1});
    loss.extra["loss_continued"] = ((squares * noisy).mean() / noisy.mean()).item<double>();
  } else {
    loss.extra[batch.latents_bcthw.size(2) == 1 ? "loss_picture" : "loss_clip"] = squares.mean().item<double>();
  }
  return loss;
}

FlowSampling TransformerTask::sampling() const {
  return {.steps = options_.preview_steps,
          .guidance = options_.preview_guidance,
          .shift = options_.preview_shift,
          .continues = options_.continuation_share > 0};
}

std::vector<Clip> TransformerTask::preview() {
  return preview_clips(options_.preview_prompts, sampling(), transformer_, captions_, clips_,
                       compute_dtype(options_.dtype, "train"), device_);
}

void TransformerTask::export_parts(const std::filesystem::path& model_folder) {
  model::save_part(transformer_, transformer_.config().to_json(), model_folder / "transformer",
                   "diffusion_pytorch_model", at::kBFloat16);
  captions_.save(model_folder);
  FlowSampling best = sampling();
  best.steps = FlowSampling{}.steps;
  write_model_files(model_folder, transformer_.config(), clips_.whole_buckets(), clips_.rate().num, best);
}

}  // namespace hotshot::training
