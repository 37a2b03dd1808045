#include "training/autoencoder_task.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "base/random.h"
#include "data/batch.h"
#include "data/piece.h"
#include "model/config.h"
#include "model/part.h"
#include "training/reconstruction.h"

namespace hotshot::training {
namespace {

constexpr std::uint64_t kPreviewSeed = 987654321;

// Filters in time start at their newest frame alone, and what halves or doubles the frames drops or repeats them: an
// autoencoder of pictures, applied to each frame.
void start_with_pictures(model::WanVae& vae) {
  for (const auto& [name, parameter] : vae.parameters()) {
    at::Tensor weight = parameter->tensor;
    if (name.ends_with("time_conv.bias")) weight.zero_();
    if (weight.dim() != 5 || weight.size(2) == 1) continue;
    const std::int64_t past = weight.size(2) - 1;
    weight.narrow(2, 0, past).zero_();
    if (name.ends_with("time_conv.weight")) {
      const at::Tensor same = at::eye(weight.size(1)).repeat({weight.size(0) / weight.size(1), 1});
      weight.select(2, past).copy_(same.view({weight.size(0), weight.size(1), 1, 1}));
    } else {
      weight.select(2, past).mul_(std::sqrt(static_cast<double>(past + 1)));  // as many inputs fewer
    }
  }
}

// A fresh posterior of variance 1 would drown the first latents in noise; e^-6 lets reconstruction begin at once.
void start_certain(model::WanVae& vae) {
  for (const auto& [name, parameter] : vae.parameters()) {
    if (name == "quant_conv.bias") parameter->tensor.narrow(0, vae.config().z_dim, vae.config().z_dim).fill_(-6);
  }
}

}  // namespace

at::ScalarType compute_dtype(const std::string& name, std::string_view where) {
  if (name == "bf16") return at::kBFloat16;
  if (name == "fp32") return at::kFloat;
  throw_unknown(where, name, {"bf16", "fp32"});
}

double psnr(const at::Tensor& a, const at::Tensor& b) { return psnr_of(a.to(at::kFloat) - b.to(at::kFloat)); }

FieldList AutoencoderOptions::fields() {
  return {
      {"frames", "of a piece, 4k + 1", &frames, {1, 1001}},
      {"size", "of a piece, pixels", &size, {16, 4096}},
      {"clip_size", "of the clips pieces are cut from", &clip_size, {16, 4096}},
      {"batch", "pieces per step", &batch, {1, 4096}},
      {"tries", "places looked at per piece; the liveliest is taken", &tries, {1, 64}},
      {"picture_share", "of steps that see single frames", &picture_share, {0, 1}},
      {"picture_size", "of a piece of a single frame, pixels", &picture_size, {16, 4096}},
      {"picture_batch", "pieces per step of single frames", &picture_batch, {1, 4096}},
      {"kl_weight", "of the KL term", &kl_weight, {0, 1}},
      {"edge_weight", "of the error of pixel differences", &edge_weight, {0, 100}},
      {"scale_weight", "of the error of what halved latents decode to", &scale_weight, {0, 100}},
      {"decoder_alone", "the encoder and its latents stay as they are", &decoder_alone},
      {"statistics_clips", "clips that latents_mean and latents_std are measured on", &statistics_clips, {1, 100000}},
      {"dtype", "bf16 or fp32", &dtype}};
}

AutoencoderTask::AutoencoderTask(model::WanVaeConfig config, AutoencoderOptions options, data::WorldSource source,
                                 std::uint64_t seed, at::Device device, const std::filesystem::path& initial)
    : vae_(std::move(config)), options_(std::move(options)), source_(source), seed_(seed), device_(device) {
  compute_dtype(options_.dtype, "train");
  for (const int size : {options_.size, options_.picture_size, options_.clip_size}) {
    require(options_.clip_size >= size, "train", "expected clip_size of at least a piece's {} but got {}", size,
            options_.clip_size);
    const int step = vae_.config().scale_factor_spatial * (options_.scale_weight > 0 ? 2 : 1);
    require(size % step == 0, "train", "expected sizes in multiples of {} but got {}", step, size);
  }
  require(options_.frames % vae_.config().scale_factor_temporal == 1 % vae_.config().scale_factor_temporal, "train",
          "expected {}k+1 frames but got {}", vae_.config().scale_factor_temporal, options_.frames);
  if (initial.empty()) {
    vae_.initialize(seed);
    start_with_pictures(vae_);
    start_certain(vae_);
  } else {
    model::load_parameters(vae_, initial);
  }
  vae_.to(device, at::kFloat);
  if (options_.decoder_alone) keep_latents(initial);
  for (const auto& [name, parameter] : parameters()) parameter->tensor.requires_grad_(true);
}

void AutoencoderTask::keep_latents(const std::filesystem::path& initial) {
  require(!initial.empty() && options_.scale_weight == 0, "train",
          "expected `initial` and a scale_weight of 0 for a decoder alone but got '{}' and {}", initial.string(),
          options_.scale_weight);
  model::WanVaeConfig trained;
  model::read_config(trained.fields(), read_json(initial / "config.json"), (initial / "config.json").string());
  vae_.set_latent_statistics(trained.latents_mean, trained.latents_std);
}

std::vector<nn::NamedParameter> AutoencoderTask::parameters() {
  std::vector<nn::NamedParameter> all = vae_.parameters();
  if (options_.decoder_alone) {
    std::erase_if(all, [](const nn::NamedParameter& p) {
      return p.name.starts_with("encoder.") || p.name.starts_with("quant_conv.");
    });
  }
  return all;
}

model::Posterior AutoencoderTask::encode(const at::Tensor& video) const {
  const at::AutoGradMode gradients(at::GradMode::is_enabled() && !options_.decoder_alone);
  return vae_.encode(video.to(compute_dtype(options_.dtype, "train")));
}

at::Tensor AutoencoderTask::pieces(std::int64_t step) const {
  Random random(seed_ + static_cast<std::uint64_t>(step), "pieces");
  const bool pictures = random.chance(static_cast<float>(options_.picture_share));
  const int frames = pictures ? 1 : options_.frames;
  const int size = pictures ? options_.picture_size : options_.size;
  std::vector<Frames> clips =
      source_.clips(static_cast<std::uint64_t>(step) * 4096, pictures ? options_.picture_batch : options_.batch, frames,
                    options_.clip_size, options_.clip_size);
  for (Frames& clip : clips) clip = data::cut_piece(clip, size, pictures ? 1 : options_.tries, random);
  return data::to_video(clips, device_);
}

MicroBatches AutoencoderTask::micro_batches(std::int64_t step, int count) {
  const at::Tensor video = pieces(step);
  const model::WanVaeConfig& c = vae_.config();
  const at::Tensor noise = at::empty({video.size(0), c.z_dim, (video.size(2) - 1) / c.scale_factor_temporal + 1,
                                      video.size(3) / c.scale_factor_spatial, video.size(4) / c.scale_factor_spatial},
                                     at::kFloat);
  Random(seed_ + static_cast<std::uint64_t>(step), "posterior")
      .fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
  return cut_batch(video.size(0), count, [&](std::int64_t first, std::int64_t last) {
    const auto part = [&](const at::Tensor& x) { return x.slice(0, first, last); };
    return [this, v = part(video), n = part(noise).to(device_)] { return loss(v, n); };
  });
}

Loss AutoencoderTask::loss(const at::Tensor& video, const at::Tensor& noise) {
  const model::Posterior posterior = encode(video);
  const at::Tensor mean = posterior.mean.to(at::kFloat), log_variance = posterior.log_variance.to(at::kFloat);
  const at::Tensor latents = mean + (0.5 * log_variance).exp() * noise;
  const at::Tensor decoded = vae_.decode(latents.to(compute_dtype(options_.dtype, "train"))).to(at::kFloat);
  const at::Tensor difference = decoded - video;
  const at::Tensor kl = kl_per_value(mean, log_variance);
  Loss loss;
  loss.value = reconstruction_error(difference, options_.edge_weight);
  if (!options_.decoder_alone) loss.value = loss.value + options_.kl_weight * kl;
  if (options_.scale_weight > 0) {
    const at::Tensor halved = at::avg_pool3d(latents, {1, 2, 2}), target = at::avg_pool3d(video, {1, 2, 2});
    const at::Tensor small = vae_.decode(halved.to(compute_dtype(options_.dtype, "train"))).to(at::kFloat);
    const at::Tensor error = reconstruction_error(small - target, options_.edge_weight);
    loss.value = loss.value + options_.scale_weight * error;
    loss.extra["loss_halved"] = error.item<double>();
  }
  loss.samples = video.size(0);
  const char* kind = video.size(2) == 1 ? "psnr_picture" : "psnr_clip";
  loss.extra[kind] = psnr_of(difference);
  loss.extra["kl_per_value"] = kl.item<double>();
  return loss;
}

std::vector<Clip> AutoencoderTask::preview() {
  at::NoGradGuard no_grad;
  const data::WorldSource held_out{kPreviewSeed, world::Split::held_out, source_.rate};
  std::vector<Clip> clips;
  for (std::uint64_t index = 0; index < 4; ++index) {
    const Frames original = held_out.clip(index, 25, options_.clip_size, options_.clip_size);
    const auto dtype = compute_dtype(options_.dtype, "train");
    const at::Tensor video = data::to_video({original}).to(device_, dtype);
    const at::Tensor decoded = vae_.decode(vae_.encode(video).mean).clamp(-1, 1);
    clips.push_back({original, source_.rate});
    clips.push_back({data::to_frames(decoded, 0), source_.rate});
  }
  return clips;
}

void AutoencoderTask::measure_latents() {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> all;
  for (int index = 0; index < options_.statistics_clips; ++index) {
    const Frames clip = source_.clip(static_cast<std::uint64_t>(index), 25, options_.clip_size, options_.clip_size);
    const at::Tensor video = data::to_video({clip}).to(device_, compute_dtype(options_.dtype, "train"));
    all.push_back(vae_.encode(video).mean.to(at::kFloat).transpose(0, 1).flatten(1).to(at::kCPU, at::kDouble));
  }
  const at::Tensor values = at::cat(all, 1);
  const at::Tensor mean = values.mean(1).contiguous(), std = values.std(1).contiguous();
  const auto list = [](const at::Tensor& t) {
    return std::vector<double>(t.data_ptr<double>(), t.data_ptr<double>() + t.numel());
  };
  vae_.set_latent_statistics(list(mean), list(std));
}

void AutoencoderTask::export_parts(const std::filesystem::path& model_folder) {
  if (!options_.decoder_alone) measure_latents();
  model::save_part(vae_, vae_.config().to_json(), model_folder / "vae", "diffusion_pytorch_model", at::kBFloat16);
}

}  // namespace hotshot::training
