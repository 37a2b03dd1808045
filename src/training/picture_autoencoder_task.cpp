#include "training/picture_autoencoder_task.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "data/batch.h"
#include "data/piece.h"
#include "model/part.h"
#include "model/registry.h"
#include "training/autoencoder_task.h"
#include "training/reconstruction.h"

namespace hotshot::training {
namespace {

constexpr std::uint64_t kPreviewSeed = 987654321;
constexpr double kFirstLogVariance = -6;  // 1 would drown the first latents in noise

at::Tensor to_pictures(const std::vector<Frames>& pictures) { return data::to_video(pictures).squeeze(2); }

void start_certain(model::KlVae& vae) {
  const std::int64_t channels = vae.config().latent_channels;
  const std::string last = vae.config().use_quant_conv ? "quant_conv.bias" : "encoder.conv_out.bias";
  for (const auto& [name, parameter] : vae.parameters()) {
    if (name == last) parameter->tensor.narrow(0, channels, channels).fill_(kFirstLogVariance);
  }
}

}  // namespace

FieldList PictureAutoencoderOptions::fields() {
  return {{"size", "of a piece, pixels", &size, {16, 4096}},
          {"picture_size", "of the pictures pieces are cut from", &picture_size, {16, 4096}},
          {"batch", "pieces per step", &batch, {1, 4096}},
          {"kl_weight", "of the KL term", &kl_weight, {0, 1}},
          {"edge_weight", "of the error of pixel differences", &edge_weight, {0, 100}},
          {"statistics_pictures", "pictures that scaling_factor is measured on", &statistics_pictures, {1, 100000}},
          {"dtype", "bf16 or fp32", &dtype}};
}

PictureAutoencoderTask::PictureAutoencoderTask(model::KlVaeConfig config, PictureAutoencoderOptions options,
                                               data::WorldSource source, std::uint64_t seed, at::Device device,
                                               const std::filesystem::path& initial)
    : vae_(std::move(config)), options_(std::move(options)), source_(source), seed_(seed), device_(device) {
  compute_dtype(options_.dtype, "train");
  require(options_.picture_size >= options_.size, "train", "expected picture_size of at least a piece's {} but got {}",
          options_.size, options_.picture_size);
  for (const int size : {options_.size, options_.picture_size}) {
    require(size % vae_.config().scale_factor() == 0, "train", "expected sizes in multiples of {} but got {}",
            vae_.config().scale_factor(), size);
  }
  if (initial.empty()) {
    vae_.initialize(seed);
    start_certain(vae_);
  } else {
    model::load_parameters(vae_, model::find_network_class("AutoencoderKL", "vae", "train"), initial);
  }
  vae_.to(device, at::kFloat);
  vae_.requires_grad(true);
}

at::Tensor PictureAutoencoderTask::pieces(std::int64_t step) const {
  Random random(seed_ + static_cast<std::uint64_t>(step), "pieces");
  std::vector<Frames> pictures = source_.clips(static_cast<std::uint64_t>(step) * 4096, options_.batch, 1,
                                               options_.picture_size, options_.picture_size);
  for (Frames& picture : pictures) picture = data::cut_piece(picture, options_.size, 1, random);
  return to_pictures(pictures).to(device_);
}

MicroBatches PictureAutoencoderTask::micro_batches(std::int64_t step, int count) {
  const at::Tensor pictures = pieces(step);
  const int side = options_.size / vae_.config().scale_factor();
  const at::Tensor noise = at::empty({pictures.size(0), vae_.config().latent_channels, side, side}, at::kFloat);
  Random(seed_ + static_cast<std::uint64_t>(step), "posterior")
      .fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
  return cut_batch(pictures.size(0), count, [&](std::int64_t first, std::int64_t last) {
    const auto part = [&](const at::Tensor& x) { return x.slice(0, first, last); };
    return [this, p = part(pictures), n = part(noise).to(device_)] { return loss(p, n); };
  });
}

Loss PictureAutoencoderTask::loss(const at::Tensor& pictures, const at::Tensor& noise) const {
  const at::ScalarType dtype = compute_dtype(options_.dtype, "train");
  const model::Posterior posterior = vae_.encode(pictures.to(dtype));
  const at::Tensor mean = posterior.mean.to(at::kFloat), log_variance = posterior.log_variance.to(at::kFloat);
  const at::Tensor latents = mean + (0.5 * log_variance).exp() * noise;
  const at::Tensor difference = vae_.decode(latents.to(dtype)).to(at::kFloat) - pictures;
  const at::Tensor kl = kl_per_value(mean, log_variance);
  Loss loss;
  loss.value = reconstruction_error(difference, options_.edge_weight) + options_.kl_weight * kl;
  loss.samples = pictures.size(0);
  loss.extra["psnr"] = psnr_of(difference);
  loss.extra["kl_per_value"] = kl.item<double>();
  return loss;
}

at::Tensor PictureAutoencoderTask::means(const std::vector<Frames>& pictures) const {
  return vae_.encode(to_pictures(pictures).to(device_, compute_dtype(options_.dtype, "train"))).mean;
}

std::vector<Clip> PictureAutoencoderTask::preview() {
  const at::NoGradGuard no_grad;
  const data::WorldSource held_out{kPreviewSeed, world::Split::held_out, source_.rate};
  std::vector<Clip> pictures;
  for (std::uint64_t index = 0; index < 4; ++index) {
    const Frames original = held_out.clip(index, 1, options_.picture_size, options_.picture_size);
    const at::Tensor decoded = vae_.decode(means({original})).clamp(-1, 1);
    pictures.push_back({original, source_.rate});
    pictures.push_back({data::to_frames(decoded.unsqueeze(2), 0), source_.rate});
  }
  return pictures;
}

void PictureAutoencoderTask::export_parts(const std::filesystem::path& model_folder) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> latents;
  for (int index = 0; index < options_.statistics_pictures; ++index) {
    const auto clip = static_cast<std::uint64_t>(index);
    latents.push_back(means({source_.clip(clip, 1, options_.picture_size, options_.picture_size)}).to(at::kFloat));
  }
  model::KlVaeConfig config = vae_.config();
  config.scaling_factor = 1 / at::cat(latents).std().item<double>();
  model::save_part(vae_, config.to_json(), model_folder / "vae", "diffusion_pytorch_model", at::kBFloat16);
}

}  // namespace hotshot::training
