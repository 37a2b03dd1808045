#include "model/wan_vae.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/wan_vae_blocks.h"

namespace hotshot::model {
namespace {

// Wan 2.1's published latent statistics: diffusers' defaults when a config does not say.
const std::vector<double> kWan21Mean{-0.7571, -0.7089, -0.9113, 0.1075,  -0.1745, 0.9653,  -0.1517, 1.5508,
                                     0.4134,  -0.0715, 0.5517,  -0.3632, -0.1922, -0.9497, 0.2503,  -0.2921};
const std::vector<double> kWan21Std{2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
                                    3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160};

// The norms see directions only, and without biases a bright and a dark plane have the same one: a fresh network would
// be blind to brightness.
const nn::Init kStartBias = nn::Init::normal(0.5);

using Blocks = std::vector<std::unique_ptr<VaeBlock>>;

at::Tensor run(const Blocks& blocks, at::Tensor x, const Stream& stream) {
  for (const auto& block : blocks) x = block->forward(x, stream);
  return x;
}

// Wan 2.2: res blocks and a reduction, around which a shortcut without weights averages.
class ResidualDown : public VaeBlock {
 public:
  ResidualDown(std::int64_t in, std::int64_t out, int count, bool with_time, bool reduces)
      : out_(out), factor_t_(with_time ? 2 : 1), factor_s_(reduces ? 2 : 1) {
    for (int i = 0; i < count; ++i) {
      blocks_.push_back(std::make_unique<VaeResBlock>(i == 0 ? in : out, out));
      resnets_.with(std::to_string(i), *blocks_.back());
    }
    add_child("resnets", resnets_);
    if (!reduces) return;
    blocks_.push_back(std::make_unique<VaeDownsample>(out, with_time));
    add_child("downsampler", *blocks_.back());
  }
  at::Tensor forward(const at::Tensor& x, const Stream& stream) const override {
    return run(blocks_, x, stream) + average_down(x, out_, factor_t_, factor_s_);
  }

 private:
  std::int64_t out_, factor_t_, factor_s_;
  Blocks blocks_;
  nn::Group resnets_;
};

// Both versions' up stage: res blocks and an enlargement; Wan 2.2 adds a shortcut and keeps the channels.
class Up : public VaeBlock {
 public:
  Up(std::int64_t in, std::int64_t out, int count, bool enlarges, bool with_time, bool residual)
      : out_(out), factor_t_(with_time ? 2 : 1), shortcut_(residual && enlarges) {
    for (int i = 0; i < count; ++i) {
      blocks_.push_back(std::make_unique<VaeResBlock>(i == 0 ? in : out, out));
      resnets_.with(std::to_string(i), *blocks_.back());
    }
    add_child("resnets", resnets_);
    if (!enlarges) return;
    blocks_.push_back(std::make_unique<VaeUpsample>(out, residual ? out : out / 2, with_time));
    if (residual)
      add_child("upsampler", *blocks_.back());
    else
      add_child("upsamplers", upsamplers_.with("0", *blocks_.back()));
  }
  at::Tensor forward(const at::Tensor& x, const Stream& stream) const override {
    const at::Tensor y = run(blocks_, x, stream);
    return shortcut_ ? y + duplicate_up(x, out_, factor_t_, 2, stream.first) : y;
  }

 private:
  std::int64_t out_, factor_t_;
  bool shortcut_;
  Blocks blocks_;
  nn::Group resnets_, upsamplers_;
};

}  // namespace

struct WanVae::Encoder : nn::Module {
  explicit Encoder(const WanVaeConfig& c)
      : conv_in({.in = c.in_channels, .out = c.base_dim, .bias_init = kStartBias, .hidden = false}),
        mid(c.base_dim * c.dim_mult.back()),
        norm_out(c.base_dim * c.dim_mult.back(), 3),
        conv_out({.in = c.base_dim * c.dim_mult.back(), .out = 2 * c.z_dim, .hidden = false}) {
    add_child("conv_in", conv_in);
    std::int64_t channels = c.base_dim;
    for (std::size_t level = 0; level < c.dim_mult.size(); ++level) {
      const std::int64_t out = c.base_dim * c.dim_mult[level];
      const bool reduces = level + 1 < c.dim_mult.size(), with_time = reduces && c.temperal_downsample[level];
      if (c.is_residual) {
        add(std::make_unique<ResidualDown>(channels, out, c.num_res_blocks, with_time, reduces));
      } else {
        for (int i = 0; i < c.num_res_blocks; ++i) add(std::make_unique<VaeResBlock>(i == 0 ? channels : out, out));
        if (reduces) add(std::make_unique<VaeDownsample>(out, with_time));
      }
      channels = out;
    }
    add_child("down_blocks", down_blocks);
    add_child("mid_block", mid);
    add_child("norm_out", norm_out);
    add_child("conv_out", conv_out);
  }
  void add(std::unique_ptr<VaeBlock> block) {
    down_blocks.with(std::to_string(blocks.size()), *block);
    blocks.push_back(std::move(block));
  }
  at::Tensor forward(const at::Tensor& x, const Stream& stream) const {
    const at::Tensor y = mid.forward(run(blocks, conv_in(x, stream.cache), stream), stream);
    return conv_out(norm_out(y, /*then_silu=*/true), stream.cache);
  }

  nn::CausalConv3d conv_in;
  Blocks blocks;
  nn::Group down_blocks;
  VaeMidBlock mid;
  ChannelNorm norm_out;
  nn::CausalConv3d conv_out;
};

struct WanVae::Decoder : nn::Module {
  Decoder(const WanVaeConfig& c, std::int64_t base)
      : conv_in({.in = c.z_dim, .out = base * c.dim_mult.back(), .bias_init = kStartBias, .hidden = false}),
        mid(base * c.dim_mult.back()),
        norm_out(base * c.dim_mult.front(), 3),
        conv_out({.in = base * c.dim_mult.front(), .out = c.out_channels, .hidden = false}) {
    add_child("conv_in", conv_in);
    add_child("mid_block", mid);
    const std::size_t levels = c.dim_mult.size();
    std::int64_t channels = base * c.dim_mult.back();
    for (std::size_t level = 0; level < levels; ++level) {
      const std::int64_t out = base * c.dim_mult[levels - 1 - level];
      const bool enlarges = level + 1 < levels, with_time = enlarges && c.temperal_downsample[levels - 2 - level];
      blocks.push_back(std::make_unique<Up>(channels, out, c.num_res_blocks + 1, enlarges, with_time, c.is_residual));
      up_blocks.with(std::to_string(level), *blocks.back());
      channels = enlarges && !c.is_residual ? out / 2 : out;
    }
    add_child("up_blocks", up_blocks);
    add_child("norm_out", norm_out);
    add_child("conv_out", conv_out);
  }
  at::Tensor forward(const at::Tensor& x, const Stream& stream) const {
    const at::Tensor y = run(blocks, mid.forward(conv_in(x, stream.cache), stream), stream);
    return conv_out(norm_out(y, /*then_silu=*/true), stream.cache);
  }

  nn::CausalConv3d conv_in;
  VaeMidBlock mid;
  Blocks blocks;
  nn::Group up_blocks;
  ChannelNorm norm_out;
  nn::CausalConv3d conv_out;
};

FieldList WanVaeConfig::fields() {
  return {
      {"base_dim", "channels of the encoder's first stage", &base_dim, {1, 4096}},
      {"decoder_base_dim", "channels of the decoder's last stage; base_dim if absent", &decoder_base_dim, {1, 4096}},
      {"z_dim", "latent channels", &z_dim, {1, 256}},
      {"dim_mult", "channel multiple of each stage", &dim_mult, {1, 64}},
      {"num_res_blocks", "residual blocks of an encoder stage; the decoder has one more", &num_res_blocks, {1, 16}},
      {"attn_scales", "scales with attention (none is supported)", &attn_scales},
      {"temperal_downsample", "whether each reduction halves time too", &temperal_downsample},
      {"dropout", "unused at inference", &dropout, {0, 1}},
      {"latents_mean", "mean of each latent channel", &latents_mean},
      {"latents_std", "standard deviation of each latent channel", &latents_std},
      {"is_residual", "Wan 2.2: shortcuts around the stages", &is_residual},
      {"in_channels", "3 · patch_size²", &in_channels, {1, 4096}},
      {"out_channels", "3 · patch_size²", &out_channels, {1, 4096}},
      {"patch_size", "pixels folded into channels before the encoder", &patch_size, {1, 16}},
      {"scale_factor_temporal", "frames per latent frame", &scale_factor_temporal, {1, 64}},
      {"scale_factor_spatial", "pixels per latent", &scale_factor_spatial, {1, 128}}};
}

void WanVaeConfig::validate(std::string_view where) const {
  require(!dim_mult.empty() && dim_mult.size() <= 8, where, "expected 1 to 8 stages in dim_mult but got {}",
          dim_mult.size());
  require(temperal_downsample.size() + 1 == dim_mult.size(), where,
          "expected one temperal_downsample fewer than dim_mult but got {} and {}", temperal_downsample.size(),
          dim_mult.size());
  require(attn_scales.empty(), where, "expected no attn_scales but got {}", attn_scales.size());
  const int patch = patch_size.value_or(1);
  require(in_channels == 3 * patch * patch && out_channels == in_channels, where,
          "expected in_channels and out_channels 3·patch_size² = {} but got {} and {}", 3 * patch * patch, in_channels,
          out_channels);
  const int spatial = patch << temperal_downsample.size();
  const int temporal = 1 << std::count(temperal_downsample.begin(), temperal_downsample.end(), true);
  require(spatial == scale_factor_spatial && temporal == scale_factor_temporal, where,
          "expected scale factors {} in time and {} in space from the stages but got {} and {}", temporal, spatial,
          scale_factor_temporal, scale_factor_spatial);
  const auto size = static_cast<std::size_t>(z_dim);
  require(latents_mean.size() == size && latents_std.size() == size, where,
          "expected {} latents_mean and latents_std but got {} and {}", z_dim, latents_mean.size(), latents_std.size());
  for (const double std : latents_std) require(std > 0, where, "expected positive latents_std but got {}", std);
}

nlohmann::json WanVaeConfig::to_json() const {
  nlohmann::json json = write_fields(WanVaeConfig(*this).fields());
  json["_class_name"] = "AutoencoderKLWan";
  return json;
}

static WanVaeConfig completed(WanVaeConfig config) {
  if (config.latents_mean.empty() && config.latents_std.empty()) {
    const bool published = config.z_dim == 16;
    config.latents_mean = published ? kWan21Mean : std::vector<double>(config.z_dim, 0.0);
    config.latents_std = published ? kWan21Std : std::vector<double>(config.z_dim, 1.0);
  }
  config.validate("vae config");
  return config;
}

WanVae::WanVae(WanVaeConfig config)
    : config_(completed(std::move(config))),
      encoder_(std::make_unique<Encoder>(config_)),
      decoder_(std::make_unique<Decoder>(config_, config_.decoder_base_dim.value_or(config_.base_dim))),
      quant_conv_({.in = 2 * config_.z_dim, .out = 2 * config_.z_dim, .kernel = {1, 1, 1}, .hidden = false}),
      post_quant_conv_({.in = config_.z_dim, .out = config_.z_dim, .kernel = {1, 1, 1}, .hidden = false}) {
  add_child("encoder", *encoder_);
  add_child("quant_conv", quant_conv_);
  add_child("post_quant_conv", post_quant_conv_);
  add_child("decoder", *decoder_);
}

WanVae::~WanVae() = default;

void WanVae::check_video(const at::Tensor& video) const {
  const int t = config_.scale_factor_temporal, s = config_.scale_factor_spatial;
  require(video.dim() == 5 && video.size(1) == 3, "vae", "expected a video [b, 3, t, h, w] but got {} axes",
          video.dim());
  require(video.size(2) % t == 1 % t && video.size(3) % s == 0 && video.size(4) % s == 0, "vae",
          "expected {}k+1 frames and a size in multiples of {} but got {} frames of {}x{}", t, s, video.size(2),
          video.size(4), video.size(3));
}

Posterior WanVae::encode(const at::Tensor& video_bcthw) const {
  check_video(video_bcthw);
  const at::Tensor patches_bcthw = patchify(video_bcthw, config_.patch_size.value_or(1));
  return Posterior::from_moments(quant_conv_(encoder_->forward(patches_bcthw, {})));
}

at::Tensor WanVae::decode(const at::Tensor& latents_bcthw) const {
  return unpatchify(decoder_->forward(post_quant_conv_(latents_bcthw), {}), config_.patch_size.value_or(1));
}

at::Tensor WanVae::encode_streamed(const at::Tensor& video_bcthw) const {
  at::NoGradGuard no_grad;
  check_video(video_bcthw);
  const at::Tensor x = patchify(video_bcthw, config_.patch_size.value_or(1));
  nn::StreamCache cache;
  std::vector<at::Tensor> means;
  for (std::int64_t frame = 0; frame < x.size(2);) {
    const std::int64_t count = frame == 0 ? 1 : config_.scale_factor_temporal;
    const at::Tensor moments = encoder_->forward(x.narrow(2, frame, count), {&cache, frame == 0});
    means.push_back(quant_conv_(moments).narrow(1, 0, config_.z_dim));
    frame += count;
  }
  return at::cat(means, 2);
}

std::int64_t frames_at_once(const WanVaeConfig& c, std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kValues = 1 << 23;
  const std::int64_t patch = c.patch_size.value_or(1), side = c.scale_factor_spatial;
  const std::int64_t pixels = (height * side / patch) * (width * side / patch);
  // What the last stage enlarges has the channels of the stage before.
  const std::int64_t channels = c.decoder_base_dim.value_or(c.base_dim) * c.dim_mult[c.dim_mult.size() > 1 ? 1 : 0];
  const std::int64_t values = channels * c.scale_factor_temporal * pixels;
  return std::max<std::int64_t>(kValues / std::max<std::int64_t>(values, 1), 1);
}

void WanVae::decode_streamed(const at::Tensor& latents_bcthw, const std::function<void(const at::Tensor&)>& sink,
                             std::int64_t most_at_once) const {
  at::NoGradGuard no_grad;
  const at::Tensor x = post_quant_conv_(latents_bcthw);
  nn::StreamCache cache;
  const std::int64_t at_once = std::min(frames_at_once(config_, x.size(0) * x.size(3), x.size(4)), most_at_once);
  for (std::int64_t frame = 0; frame < x.size(2); frame += at_once) {
    const std::int64_t count = std::min(at_once, x.size(2) - frame);
    const at::Tensor video = decoder_->forward(x.narrow(2, frame, count), {&cache, frame == 0});
    sink(unpatchify(video, config_.patch_size.value_or(1)).clamp(-1.0, 1.0));
  }
}

static at::Tensor per_channel(const std::vector<double>& values, const at::Tensor& like) {
  return at::tensor(values, at::kDouble).to(like.options()).view({1, -1, 1, 1, 1});
}

at::Tensor WanVae::normalize(const at::Tensor& latents) const {
  return (latents - per_channel(config_.latents_mean, latents)) / per_channel(config_.latents_std, latents);
}

at::Tensor WanVae::denormalize(const at::Tensor& latents) const {
  return latents * per_channel(config_.latents_std, latents) + per_channel(config_.latents_mean, latents);
}

void WanVae::set_latent_statistics(std::vector<double> mean, std::vector<double> std) {
  config_.latents_mean = std::move(mean);
  config_.latents_std = std::move(std);
  config_.validate("vae");
}

at::Tensor patchify(const at::Tensor& x, std::int64_t p) {
  if (p == 1) return x;
  return x.reshape({x.size(0), x.size(1), x.size(2), x.size(3) / p, p, x.size(4) / p, p})
      .permute({0, 1, 6, 4, 2, 3, 5})
      .reshape({x.size(0), x.size(1) * p * p, x.size(2), x.size(3) / p, x.size(4) / p});
}

at::Tensor unpatchify(const at::Tensor& x, std::int64_t p) {
  if (p == 1) return x;
  const std::int64_t c = x.size(1) / (p * p);
  return x.reshape({x.size(0), c, p, p, x.size(2), x.size(3), x.size(4)})
      .permute({0, 1, 4, 5, 3, 6, 2})
      .reshape({x.size(0), c, x.size(2), x.size(3) * p, x.size(4) * p});
}

}  // namespace hotshot::model
