#include "model/kl_vae.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/tiling.h"
#include "nn/attention.h"
#include "nn/group_norm.h"
#include "nn/layers.h"
#include "nn/resnet_block2d.h"

namespace hotshot::model {
namespace {

constexpr double kEps = 1e-6;
constexpr std::string_view kDownBlock = "DownEncoderBlock2D", kUpBlock = "UpDecoderBlock2D";

// Residual blocks, then, except at the end, a change of size.
template <class Resize>
class Stage : public nn::Module {
 public:
  Stage(std::int64_t in, std::int64_t out, int count, std::int64_t groups) {
    for (int i = 0; i < count; ++i) {
      const nn::ResnetBlock2dOptions options{.in = i == 0 ? in : out, .out = out, .groups = groups, .eps = kEps};
      resnet_list_.with(std::to_string(i), resnets_.emplace_back(options));
    }
    add_child("resnets", resnet_list_);
  }

  template <class... Options>
  void resize(std::string name, Options... options) {
    add_child(std::move(name), resize_list_.with("0", resize_.emplace(options...)));
  }

  at::Tensor operator()(at::Tensor x) const {
    for (const nn::ResnetBlock2d& resnet : resnets_) x = resnet(x);
    return resize_ ? (*resize_)(x) : x;
  }

 private:
  std::deque<nn::ResnetBlock2d> resnets_;
  std::optional<Resize> resize_;
  nn::Group resnet_list_, resize_list_;
};

// One head over all pixels, added to its input.
class PixelAttention : public nn::Attention {
 public:
  PixelAttention(std::int64_t channels, std::int64_t groups)
      : nn::Attention({.width = channels, .heads = 1, .head_size = channels, .bias = true}),
        norm_(groups, channels, kEps) {
    add_child("group_norm", norm_);
  }
  at::Tensor forward(const at::Tensor& x) const {
    const at::Tensor tokens = nn::to_tokens(norm_(x));
    return nn::to_pixels((*this)(tokens, tokens, nn::to_tokens(x)), x.size(2), x.size(3));
  }

 private:
  nn::GroupNorm norm_;
};

class Middle : public nn::Module {
 public:
  Middle(std::int64_t channels, const KlVaeConfig& c)
      : first_({.in = channels, .out = channels, .groups = c.norm_num_groups, .eps = kEps}),
        second_({.in = channels, .out = channels, .groups = c.norm_num_groups, .eps = kEps}) {
    if (c.mid_block_add_attention)
      add_child("attentions", attention_list_.with("0", attention_.emplace(channels, c.norm_num_groups)));
    add_child("resnets", resnet_list_.with("0", first_).with("1", second_));
  }
  at::Tensor operator()(const at::Tensor& x_in) const {
    const at::Tensor x = first_(x_in);
    return second_(attention_ ? attention_->forward(x) : x);
  }

 private:
  nn::ResnetBlock2d first_, second_;
  std::optional<PixelAttention> attention_;
  nn::Group attention_list_, resnet_list_;
};

nn::Conv2dOptions outer(std::int64_t in, std::int64_t out) {
  return {.in = in, .out = out, .padding = 1, .hidden = false};
}

nn::Conv2dOptions pointwise(std::int64_t channels) {
  return {.in = channels, .out = channels, .kernel = 1, .hidden = false};
}

}  // namespace

struct KlVae::Encoder : nn::Module {
  explicit Encoder(const KlVaeConfig& c)
      : conv_in(outer(c.in_channels, c.block_out_channels.front())),
        middle(c.block_out_channels.back(), c),
        norm_out(c.norm_num_groups, c.block_out_channels.back(), kEps),
        conv_out(outer(c.block_out_channels.back(), 2 * c.latent_channels)) {
    add_child("conv_in", conv_in);
    std::int64_t channels = c.block_out_channels.front();
    for (std::size_t level = 0; level < c.block_out_channels.size(); ++level) {
      const std::int64_t out = c.block_out_channels[level];
      auto& stage = stages.emplace_back(channels, out, c.layers_per_block, c.norm_num_groups);
      if (level + 1 < c.block_out_channels.size()) stage.resize("downsamplers", out, 0);
      stage_list.with(std::to_string(level), stage);
      channels = out;
    }
    add_child("down_blocks", stage_list);
    add_child("mid_block", middle);
    add_child("conv_norm_out", norm_out);
    add_child("conv_out", conv_out);
  }
  at::Tensor forward(const at::Tensor& pictures_bchw) const {
    at::Tensor x = conv_in(pictures_bchw);
    for (const auto& stage : stages) x = stage(x);
    return conv_out(norm_out.then_silu(middle(x)));
  }

  nn::Conv2d conv_in;
  std::deque<Stage<nn::Downsample2d>> stages;
  nn::Group stage_list;
  Middle middle;
  nn::GroupNorm norm_out;
  nn::Conv2d conv_out;
};

struct KlVae::Decoder : nn::Module {
  explicit Decoder(const KlVaeConfig& c)
      : conv_in(outer(c.latent_channels, c.block_out_channels.back())),
        middle(c.block_out_channels.back(), c),
        norm_out(c.norm_num_groups, c.block_out_channels.front(), kEps),
        conv_out(outer(c.block_out_channels.front(), c.out_channels)) {
    add_child("conv_in", conv_in);
    add_child("mid_block", middle);
    const std::size_t levels = c.block_out_channels.size();
    std::int64_t channels = c.block_out_channels.back();
    for (std::size_t level = 0; level < levels; ++level) {
      const std::int64_t out = c.block_out_channels[levels - 1 - level];
      auto& stage = stages.emplace_back(channels, out, c.layers_per_block + 1, c.norm_num_groups);
      if (level + 1 < levels) stage.resize("upsamplers", out);
      stage_list.with(std::to_string(level), stage);
      channels = out;
    }
    add_child("up_blocks", stage_list);
    add_child("conv_norm_out", norm_out);
    add_child("conv_out", conv_out);
  }
  at::Tensor forward(const at::Tensor& latents_bchw) const {
    at::Tensor x = middle(conv_in(latents_bchw));
    for (const auto& stage : stages) x = stage(x);
    return conv_out(norm_out.then_silu(x));
  }

  nn::Conv2d conv_in;
  Middle middle;
  std::deque<Stage<nn::Upsample2d>> stages;
  nn::Group stage_list;
  nn::GroupNorm norm_out;
  nn::Conv2d conv_out;
};

FieldList KlVaeConfig::fields() {
  return {
      {"in_channels", "channels of a picture", &in_channels, {1, 4096}},
      {"out_channels", "channels of a decoded picture", &out_channels, {1, 4096}},
      {"down_block_types", "kind of each stage of the encoder", &down_block_types},
      {"up_block_types", "kind of each stage of the decoder", &up_block_types},
      {"block_out_channels", "channels of each stage, finest first", &block_out_channels, {1, 65536}},
      {"layers_per_block", "residual blocks of an encoder stage; the decoder has one more", &layers_per_block, {1, 64}},
      {"act_fn", "activation", &act_fn},
      {"latent_channels", "channels of latents", &latent_channels, {1, 4096}},
      {"norm_num_groups", "groups of each norm", &norm_num_groups, {1, 4096}},
      {"sample_size", "side in pixels it was trained at, and of a tile", &sample_size, {1, 65536}},
      {"scaling_factor", "latents times this have unit variance", &scaling_factor},
      {"shift_factor", "subtracted from latents before", &shift_factor},
      {"latents_mean", "mean of each latent channel", &latents_mean},
      {"latents_std", "standard deviation of each latent channel", &latents_std},
      {"force_upcast", "overflows in fp16", &force_upcast},
      {"use_quant_conv", "a 1x1 convolution behind the encoder", &use_quant_conv},
      {"use_post_quant_conv", "a 1x1 convolution before the decoder", &use_post_quant_conv},
      {"mid_block_add_attention", "attention at the coarsest level", &mid_block_add_attention}};
}

void KlVaeConfig::validate(std::string_view where) const {
  const std::size_t levels = block_out_channels.size();
  require(levels >= 1 && levels <= 8, where, "expected 1 to 8 stages in block_out_channels but got {}", levels);
  require(down_block_types == std::vector<std::string>(levels, std::string(kDownBlock)), where,
          "expected down_block_types to be {} {} times", kDownBlock, levels);
  require(up_block_types == std::vector<std::string>(levels, std::string(kUpBlock)), where,
          "expected up_block_types to be {} {} times", kUpBlock, levels);
  require(act_fn == "silu" || act_fn == "swish", where, "expected act_fn silu but got '{}'", act_fn.substr(0, 100));
  for (const int channels : block_out_channels)
    require(channels % norm_num_groups == 0, where, "expected block_out_channels in {} equal groups but got {}",
            norm_num_groups, channels);
  require(scaling_factor > 0, where, "expected a positive scaling_factor but got {}", scaling_factor);
  const auto count = static_cast<std::size_t>(latent_channels);
  require(latents_mean.size() == latents_std.size() && (latents_mean.empty() || latents_mean.size() == count), where,
          "expected {} latents_mean and latents_std, or none, but got {} and {}", count, latents_mean.size(),
          latents_std.size());
  require(latents_mean.empty() || !shift_factor, where, "expected latents_mean or a shift_factor but got both");
  for (const double std : latents_std) require(std > 0, where, "expected positive latents_std but got {}", std);
}

nlohmann::json KlVaeConfig::to_json() const {
  nlohmann::json json = write_fields(KlVaeConfig(*this).fields());
  if (latents_mean.empty()) json["latents_mean"] = json["latents_std"] = nullptr;
  json["_class_name"] = "AutoencoderKL";
  return json;
}

KlVae::KlVae(KlVaeConfig config)
    : config_((config.validate("vae config"), std::move(config))),
      encoder_(std::make_unique<Encoder>(config_)),
      decoder_(std::make_unique<Decoder>(config_)) {
  add_child("encoder", *encoder_);
  if (config_.use_quant_conv) add_child("quant_conv", quant_conv_.emplace(pointwise(2 * config_.latent_channels)));
  if (config_.use_post_quant_conv)
    add_child("post_quant_conv", post_quant_conv_.emplace(pointwise(config_.latent_channels)));
  add_child("decoder", *decoder_);
}

KlVae::~KlVae() = default;

void KlVae::check_pictures(const at::Tensor& pictures) const {
  const int factor = config_.scale_factor();
  require(pictures.dim() == 4 && pictures.size(1) == config_.in_channels, "vae",
          "expected pictures [b, {}, h, w] but got {} axes", config_.in_channels, pictures.dim());
  require(pictures.size(2) % factor == 0 && pictures.size(3) % factor == 0, "vae",
          "expected a size in multiples of {} but got {}x{}", factor, pictures.size(3), pictures.size(2));
}

void KlVae::check_latents(const at::Tensor& latents) const {
  require(latents.dim() == 4 && latents.size(1) == config_.latent_channels, "vae",
          "expected latents [b, {}, h, w] but got {} axes", config_.latent_channels, latents.dim());
}

at::Tensor KlVae::moments(const at::Tensor& pictures_bchw) const {
  const at::Tensor moments = encoder_->forward(nn::channels_last(pictures_bchw));
  return quant_conv_ ? (*quant_conv_)(moments) : moments;
}

at::Tensor KlVae::pictures(const at::Tensor& latents_bchw) const {
  const at::Tensor latents = nn::channels_last(latents_bchw);
  return decoder_->forward(post_quant_conv_ ? (*post_quant_conv_)(latents) : latents);
}

Posterior KlVae::encode(const at::Tensor& pictures_bchw) const {
  check_pictures(pictures_bchw);
  return Posterior::from_moments(moments(pictures_bchw));
}

at::Tensor KlVae::decode(const at::Tensor& latents_bchw) const {
  check_latents(latents_bchw);
  return pictures(latents_bchw);
}

Posterior KlVae::encode_sliced(const at::Tensor& pictures_bchw) const {
  check_pictures(pictures_bchw);
  return Posterior::from_moments(
      one_by_one(pictures_bchw, [&](const at::Tensor& picture) { return moments(picture); }));
}

at::Tensor KlVae::decode_sliced(const at::Tensor& latents_bchw) const {
  check_latents(latents_bchw);
  return one_by_one(latents_bchw, [&](const at::Tensor& latents) { return pictures(latents); });
}

Posterior KlVae::encode_tiled(const at::Tensor& pictures_bchw, std::int64_t tile) const {
  check_pictures(pictures_bchw);
  const PictureFunction encode_tile = [&](const at::Tensor& x) { return moments(x); };
  return Posterior::from_moments(one_by_one(pictures_bchw, [&](const at::Tensor& picture) {
    return in_tiles(picture, tile * config_.scale_factor(), tile, encode_tile);
  }));
}

at::Tensor KlVae::decode_tiled(const at::Tensor& latents_bchw, std::int64_t tile) const {
  check_latents(latents_bchw);
  const PictureFunction decode_tile = [&](const at::Tensor& x) { return pictures(x); };
  return one_by_one(latents_bchw, [&](const at::Tensor& latents) {
    return in_tiles(latents, tile, tile * config_.scale_factor(), decode_tile);
  });
}

at::Tensor KlVae::channel_values(const std::vector<double>& values, const at::Tensor& like) const {
  return at::tensor(values, at::kDouble).to(like.options()).view({1, -1, 1, 1});
}

at::Tensor KlVae::normalize(const at::Tensor& latents) const {
  if (config_.latents_mean.empty()) return (latents - config_.shift_factor.value_or(0)) * config_.scaling_factor;
  return (latents - channel_values(config_.latents_mean, latents)) * config_.scaling_factor /
         channel_values(config_.latents_std, latents);
}

at::Tensor KlVae::denormalize(const at::Tensor& latents) const {
  if (config_.latents_mean.empty()) return latents / config_.scaling_factor + config_.shift_factor.value_or(0);
  return latents * channel_values(config_.latents_std, latents) / config_.scaling_factor +
         channel_values(config_.latents_mean, latents);
}

}  // namespace hotshot::model
