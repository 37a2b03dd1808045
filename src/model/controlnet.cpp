#include "model/controlnet.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"

namespace hotshot::model {
namespace {

constexpr std::string_view kWhere = "controlnet";

nn::Conv2dOptions zero_convolution(std::int64_t channels) {
  return {.in = channels, .out = channels, .kernel = 1, .weight_init = nn::Init::zeros()};
}

// Channels of every skip, in order.
std::vector<std::int64_t> skip_channels(const UnetEncoderConfig& c) {
  std::vector<std::int64_t> channels{c.channels(0)};
  for (std::size_t i = 0; i < c.blocks(); ++i) {
    const int downsampled = i + 1 < c.blocks() ? 1 : 0;
    channels.insert(channels.end(), c.layers_per_block[i] + downsampled, c.channels(i));
  }
  return channels;
}

// Of residual `index` of `count`, the last of which is the middle's.
double scale_of(std::size_t index, std::size_t count, const ControlStrength& strength) {
  if (!strength.decaying || count == 1) return strength.scale;
  return strength.scale * std::pow(10.0, -1.0 + static_cast<double>(index) / static_cast<double>(count - 1));
}

}  // namespace

ControlEmbedding::ControlEmbedding(const ControlNetConfig& c)
    : conv_in_({.in = c.conditioning_channels, .out = c.conditioning_embedding_out_channels.front(), .padding = 1}),
      conv_out_({.in = c.conditioning_embedding_out_channels.back(),
                 .out = c.channels(0),
                 .padding = 1,
                 .weight_init = nn::Init::zeros()}) {
  add_child("conv_in", conv_in_);
  const auto add = [&](const nn::Conv2dOptions& options) {
    const std::string index = std::to_string(blocks_.size());
    block_list_.with(index, blocks_.emplace_back(options));
  };
  const std::vector<int>& channels = c.conditioning_embedding_out_channels;
  for (std::size_t i = 0; i + 1 < channels.size(); ++i) {
    add({.in = channels[i], .out = channels[i], .padding = 1});
    add({.in = channels[i], .out = channels[i + 1], .stride = 2, .padding = 1});
  }
  add_child("blocks", block_list_);
  add_child("conv_out", conv_out_);
}

at::Tensor ControlEmbedding::operator()(const at::Tensor& control_nchw) const {
  at::Tensor x = conv_in_.then_silu(control_nchw);
  for (const nn::Conv2d& block : blocks_) x = block.then_silu(x);
  return conv_out_(x);
}

ControlNet::ControlNet(ControlNetConfig config)
    : UnetEncoder(config.settle("controlnet config"), /*guidance=*/0),
      config_(std::move(config)),
      controlnet_cond_embedding_(config_),
      controlnet_mid_block_(zero_convolution(config_.channels(config_.blocks() - 1))) {
  add_child("controlnet_cond_embedding", controlnet_cond_embedding_);
  for (const std::int64_t channels : skip_channels(config_)) {
    const std::string index = std::to_string(zero_convolutions_.size());
    down_list_.with(index, zero_convolutions_.emplace_back(zero_convolution(channels)));
  }
  add_child("controlnet_down_blocks", down_list_);
  add_child("controlnet_mid_block", controlnet_mid_block_);
}

std::int64_t ControlNet::pixels_per_latent() const {
  return std::int64_t{1} << (config_.conditioning_embedding_out_channels.size() - 1);
}

ControlResiduals ControlNet::operator()(const at::Tensor& latents, const at::Tensor& timestep_b,
                                        const UnetContext& context, const at::Tensor& control_bcfhw,
                                        const ControlStrength& strength) const {
  const BlockContext blocks = block_context(latents, timestep_b, context, kWhere);
  const std::int64_t scale = pixels_per_latent();
  const std::vector<std::int64_t> wanted{latents.size(0), config_.conditioning_channels, latents.size(2),
                                         latents.size(3) * scale, latents.size(4) * scale};
  require(control_bcfhw.sizes() == at::IntArrayRef(wanted), kWhere, "expected a control picture [{}] but got [{}]",
          fmt::join(wanted, ", "), fmt::join(control_bcfhw.sizes(), ", "));
  at::Tensor control = fold_frames(control_bcfhw.to(latents.scalar_type()));
  if (config_.controlnet_conditioning_channel_order == "bgr") control = control.flip(1);

  Skips skips;
  const at::Tensor features = conv_in_(fold_frames(latents)) + controlnet_cond_embedding_(control);
  const at::Tensor middle = encode(features, blocks, skips);
  const std::size_t count = skips.size() + 1;
  const ControlStrength pooled{strength.scale, strength.decaying && !config_.global_pool_conditions};
  const auto finish = [&](const at::Tensor& residual, std::size_t index) {
    const at::Tensor scaled = residual * scale_of(index, count, pooled);
    return config_.global_pool_conditions ? scaled.mean({2, 3}, /*keepdim=*/true).expand(residual.sizes()) : scaled;
  };
  ControlResiduals residuals;
  for (std::size_t i = 0; i < skips.size(); ++i) {
    residuals.skips_nchw.push_back(finish(zero_convolutions_[i](skips[i]), i));
  }
  residuals.middle_nchw = finish(controlnet_mid_block_(middle), skips.size());
  return residuals;
}

}  // namespace hotshot::model
