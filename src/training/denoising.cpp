#include "training/denoising.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/ddpm.h"
#include "diffusion/guidance.h"
#include "diffusion/sampler.h"
#include "training/autoencoder_task.h"

namespace hotshot::training {
namespace {

using diffusion::DiscreteScheduleOptions;
using diffusion::SchedulerConfig;

SchedulerConfig scheduler_of(const std::filesystem::path& model_folder, const std::string& prediction) {
  const auto path = model_folder / "scheduler" / "scheduler_config.json";
  SchedulerConfig config{.sampler = "euler-ancestral", .schedule = DiscreteScheduleOptions()};
  if (std::filesystem::exists(path)) config = diffusion::read_scheduler_config(read_json(path));
  auto* discrete = std::get_if<DiscreteScheduleOptions>(&config.schedule);
  require(discrete != nullptr, path.string(), "expected discrete noise levels but got {}", "flow matching");
  if (!prediction.empty()) discrete->prediction_type = prediction;
  const std::string& type = discrete->prediction_type;
  if (type != "epsilon" && type != "v_prediction") {
    throw_unknown("train prediction", type, {"epsilon", "v_prediction"});
  }
  return config;
}

// Whether an empty text is zeros, as the model's index says.
std::optional<bool> zeros_said(const std::filesystem::path& model_folder) {
  const auto path = model_folder / "model_index.json";
  if (!std::filesystem::exists(path)) return {};
  const nlohmann::json index = read_json(path);
  const auto said = index.is_object() ? index.find("force_zeros_for_empty_prompt") : index.end();
  if (said == index.end() || !said->is_boolean()) return {};
  return said->get<bool>();
}

at::Tensor normal(at::IntArrayRef shape, const Random& random) {
  at::Tensor noise = at::empty(shape, at::kFloat);
  random.fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
  return noise;
}

}  // namespace

FieldList DenoisingOptions::fields() {
  return {
      {"caption_dropout", "share of empty captions", &caption_dropout, {0, 1}},
      {"prediction", "epsilon or v_prediction; by default what the model's scheduler says", &prediction},
      {"min_snr_gamma", "signal-to-noise ratio above which errors weigh less, 0 for none", &min_snr_gamma, {0, 1e6}},
      {"noise_offset", "of noise that is equal at all places of a channel", &noise_offset, {0, 1}},
      {"dtype", "bf16 or fp32", &dtype},
      {"preview_steps", "of a preview", &preview_steps, {1, 1000}},
      {"preview_guidance", "of a preview", &preview_guidance, {1, 50}},
      {"preview_prompts", "what previews show", &preview_prompts}};
}

DenoisingBatch DenoisingBatch::narrow(std::int64_t first, std::int64_t end) const {
  const auto rows = [&](const at::Tensor& x) { return x.defined() ? x.narrow(0, first, end - first) : x; };
  return {rows(latents_bcfhw), {captions.begin() + first, captions.begin() + end},
          rows(size_ids_bk),   rows(weight_b),
          rows(eps_bcfhw),     rows(timestep_b)};
}

Denoising::Denoising(DenoisingOptions options, const std::filesystem::path& model_folder)
    : options_(std::move(options)),
      scheduler_(scheduler_of(model_folder, options_.prediction)),
      table_(schedule().table),
      zero_empty_(zeros_said(model_folder)) {
  dtype();
}

at::ScalarType Denoising::dtype() const { return compute_dtype(options_.dtype, "train"); }

const DiscreteScheduleOptions& Denoising::schedule() const {
  return std::get<DiscreteScheduleOptions>(scheduler_.schedule);
}

void Denoising::drop_captions(std::vector<std::string>& captions, std::uint64_t seed, std::int64_t step) const {
  Random random(seed + static_cast<std::uint64_t>(step), "caption dropout");
  for (std::string& caption : captions) {
    if (random.chance(static_cast<float>(options_.caption_dropout))) caption.clear();
  }
}

void Denoising::add_noise(DenoisingBatch& batch, std::uint64_t seed, std::int64_t step) const {
  const auto draw = static_cast<std::uint64_t>(step);
  const at::Tensor& latents = batch.latents_bcfhw;
  const auto device = latents.device();
  const at::Tensor eps = normal(latents.sizes(), Random(seed + draw, "noise"));
  batch.eps_bcfhw = diffusion::offset_noise(eps, options_.noise_offset, seed, draw).to(device);
  batch.timestep_b = diffusion::sample_timesteps(table_, seed, draw, 0, static_cast<int>(latents.size(0))).to(device);
}

model::UnetContext Denoising::context(const model::Unet& unet, const TextTowers& towers,
                                      const std::vector<std::string>& texts, const at::Tensor& size_ids) const {
  const bool zeros = zero_empty_.value_or(unet.config().has_text_time());
  model::UnetContext context = towers(texts, zeros, dtype());
  if (unet.config().has_text_time()) {
    context.size_ids_bk = size_ids;
  } else {
    context.pooled_bd = at::Tensor();
  }
  return context;
}

Loss Denoising::loss(const model::Unet& unet, const TextTowers& towers, const DenoisingBatch& batch) const {
  const std::string& prediction = schedule().prediction_type;
  const at::Tensor x_t = diffusion::add_noise(table_, batch.latents_bcfhw, batch.eps_bcfhw, batch.timestep_b);
  const at::Tensor answer =
      unet(x_t.to(dtype()), batch.timestep_b, context(unet, towers, batch.captions, batch.size_ids_bk));
  const at::Tensor target =
      diffusion::training_target(table_, prediction, batch.latents_bcfhw, batch.eps_bcfhw, batch.timestep_b);
  at::Tensor error_b = (answer.to(at::kFloat) - target).square().mean({1, 2, 3, 4});
  Loss loss;
  loss.samples = error_b.size(0);
  loss.extra["error"] = error_b.mean().item<double>();
  if (options_.min_snr_gamma > 0) {
    error_b =
        error_b *
        diffusion::min_snr_weight(table_, prediction, batch.timestep_b, options_.min_snr_gamma).to(error_b.device());
  }
  if (batch.weight_b.defined()) error_b = error_b * batch.weight_b;
  loss.value = error_b.mean();
  return loss;
}

at::Tensor Denoising::sample(const model::Unet& unet, const TextTowers& towers, const std::string& prompt,
                             at::IntArrayRef shape, const at::Tensor& size_ids, std::uint64_t index) const {
  const at::NoGradGuard no_grad;
  const model::UnetContext both = context(unet, towers, {prompt, ""}, at::cat({size_ids, size_ids}));
  const auto answer = [&](const at::Tensor& x, const diffusion::DenoiserCall& call) {
    const at::Tensor timestep_b = at::full({2}, call.timestep, x.options().dtype(at::kFloat));
    const auto halves = unet(at::cat({x, x}).to(dtype()), timestep_b, both).to(at::kFloat).chunk(2);
    return diffusion::guide(halves[0], halves[1], options_.preview_guidance);
  };
  const diffusion::Schedule schedule = diffusion::make_schedule(options_.preview_steps, scheduler_.schedule);
  const at::Tensor noise = normal(shape, Random(index, "preview")).to(size_ids.device());
  return diffusion::sample(scheduler_.sampler, answer, noise * schedule.noise_scale, schedule, scheduler_.options, {},
                           diffusion::seeded_noise(index));
}

}  // namespace hotshot::training
