#include "training/autoencoder_task.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "data/batch.h"
#include "model/part.h"

namespace hotshot::training {
namespace {

at::Tensor charbonnier(const at::Tensor& difference) { return (difference.square() + 1e-4).sqrt().mean(); }

// Differences of neighbours along an axis.
at::Tensor slope(const at::Tensor& x, std::int64_t axis) {
  const std::int64_t n = x.size(axis) - 1;
  return x.narrow(axis, 1, n) - x.narrow(axis, 0, n);
}

// A square piece and its first frame, anywhere in a clip.
Frames cut(const Frames& clip, int size, Random& random) {
  const int x0 = static_cast<int>(random.below(static_cast<std::uint32_t>(clip.width - size + 1)));
  const int y0 = static_cast<int>(random.below(static_cast<std::uint32_t>(clip.height - size + 1)));
  Frames piece(clip.count, size, size);
  for (int t = 0; t < clip.count; ++t) {
    for (int y = 0; y < size; ++y) {
      const auto* from = clip.frame(t) + (static_cast<std::size_t>(y0 + y) * clip.width + x0) * 3;
      std::copy(from, from + size * 3, piece.frame(t) + static_cast<std::size_t>(y) * size * 3);
    }
  }
  return piece;
}

constexpr std::uint64_t kPreviewSeed = 987654321;

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

double psnr(const at::Tensor& a, const at::Tensor& b) {
  const double error = (a.to(at::kFloat) - b.to(at::kFloat)).square().mean().item<double>();
  return 10 * std::log10(4.0 / std::max(error, 1e-12));
}

FieldList AutoencoderOptions::fields() {
  return {
      {"frames", "of a piece, 4k + 1", &frames, {1, 1001}},
      {"size", "of a piece, pixels", &size, {16, 4096}},
      {"clip_size", "of the clips pieces are cut from", &clip_size, {16, 4096}},
      {"batch", "pieces per step", &batch, {1, 4096}},
      {"picture_share", "of steps that see single frames", &picture_share, {0, 1}},
      {"kl_weight", "of the KL term", &kl_weight, {0, 1}},
      {"edge_weight", "of the error of pixel differences", &edge_weight, {0, 100}},
      {"statistics_clips", "clips that latents_mean and latents_std are measured on", &statistics_clips, {1, 100000}},
      {"dtype", "bf16 or fp32", &dtype}};
}

AutoencoderTask::AutoencoderTask(model::WanVaeConfig config, AutoencoderOptions options, data::WorldSource source,
                                 std::uint64_t seed, at::Device device, const std::filesystem::path& initial)
    : vae_(std::move(config)), options_(std::move(options)), source_(source), seed_(seed), device_(device) {
  compute_dtype(options_.dtype, "train");
  require(options_.clip_size >= options_.size, "train", "expected clip_size of at least size {} but got {}",
          options_.size, options_.clip_size);
  for (const int size : {options_.size, options_.clip_size}) {
    require(size % vae_.config().scale_factor_spatial == 0, "train", "expected sizes in multiples of {} but got {}",
            vae_.config().scale_factor_spatial, size);
  }
  require(options_.frames % vae_.config().scale_factor_temporal == 1 % vae_.config().scale_factor_temporal, "train",
          "expected {}k+1 frames but got {}", vae_.config().scale_factor_temporal, options_.frames);
  if (initial.empty()) {
    vae_.initialize(seed);
    start_certain(vae_);
  } else {
    model::load_parameters(vae_, initial);
  }
  vae_.to(device, at::kFloat);
  vae_.requires_grad(true);
}

at::Tensor AutoencoderTask::pieces(std::int64_t step) const {
  Random random(seed_ + static_cast<std::uint64_t>(step), "pieces");
  const bool pictures = random.chance(static_cast<float>(options_.picture_share));
  const int frames = pictures ? 1 : options_.frames;
  const int batch = pictures ? std::max(1, options_.batch * options_.frames / 2) : options_.batch;
  std::vector<Frames> clips(static_cast<std::size_t>(batch));
  for (int i = 0; i < batch; ++i) {
    const auto index = static_cast<std::uint64_t>(step) * 4096 + static_cast<std::uint64_t>(i);
    clips[static_cast<std::size_t>(i)] =
        cut(source_.clip(index, frames, options_.clip_size, options_.clip_size), options_.size, random);
  }
  return data::to_video(clips).to(device_);
}

Loss AutoencoderTask::loss(std::int64_t step) {
  const at::Tensor video = pieces(step);
  const model::Posterior posterior = vae_.encode(video.to(compute_dtype(options_.dtype, "train")));
  const at::Tensor mean = posterior.mean.to(at::kFloat), log_variance = posterior.log_variance.to(at::kFloat);
  at::Tensor noise = at::empty(mean.sizes(), at::kFloat);
  Random(seed_ + static_cast<std::uint64_t>(step), "posterior")
      .fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
  const at::Tensor latents = mean + (0.5 * log_variance).exp() * noise.to(device_);
  const at::Tensor decoded = vae_.decode(latents.to(compute_dtype(options_.dtype, "train"))).to(at::kFloat);
  const at::Tensor difference = decoded - video;
  const at::Tensor kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum() / video.numel();
  const at::Tensor edges = charbonnier(slope(difference, -1)) + charbonnier(slope(difference, -2));
  Loss loss;
  loss.value = charbonnier(difference) + options_.edge_weight * edges +
               options_.kl_weight * static_cast<double>(video.numel()) / static_cast<double>(mean.numel()) * kl;
  loss.samples = video.size(0);
  const char* kind = video.size(2) == 1 ? "psnr_picture" : "psnr_clip";
  loss.extra[kind] = 10 * std::log10(4.0 / difference.detach().square().mean().item<double>());
  loss.extra["kl_per_value"] = kl.item<double>() * static_cast<double>(video.numel()) / mean.numel();
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
  measure_latents();
  model::save_part(vae_, vae_.config().to_json(), model_folder / "vae", "diffusion_pytorch_model", at::kBFloat16);
}

}  // namespace hotshot::training
