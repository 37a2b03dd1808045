#include "model/unet.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

#include "base/error.h"

namespace hotshot::model {
namespace {

constexpr std::string_view kWhere = "unet";

void add_to(at::Tensor& x, const at::Tensor& residual) {
  require(residual.defined() && residual.sizes() == x.sizes(), kWhere,
          "expected a control residual of shape [{}] but got {}", fmt::join(x.sizes(), ", "),
          residual.defined() ? fmt::format("[{}]", fmt::join(residual.sizes(), ", ")) : "none");
  x = x + residual.to(x.scalar_type());
}

}  // namespace

void ControlResiduals::add(const ControlResiduals& other) {
  require(skips_nchw.size() == other.skips_nchw.size(), "control residuals", "expected {} skips but got {}",
          skips_nchw.size(), other.skips_nchw.size());
  for (std::size_t i = 0; i < skips_nchw.size(); ++i) skips_nchw[i] = skips_nchw[i] + other.skips_nchw[i];
  middle_nchw = middle_nchw + other.middle_nchw;
}

Unet::Unet(UnetConfig config)
    : UnetEncoder(config.settle("unet config"), config.time_cond_proj_dim),
      config_(std::move(config)),
      conv_norm_out_(config_.norm_num_groups, config_.channels(0), config_.norm_eps),
      conv_out_({.in = config_.channels(0), .out = config_.out_channels, .padding = 1, .hidden = false}) {
  for (std::size_t i = 0; i < config_.blocks(); ++i) {
    up_list_.with(std::to_string(i),
                  up_blocks_.emplace_back(config_, config_.blocks() - 1 - i, config_.up_block_types[i]));
  }
  add_child("up_blocks", up_list_);
  add_child("conv_norm_out", conv_norm_out_);
  add_child("conv_out", conv_out_);
}

at::Tensor Unet::operator()(const at::Tensor& latents_bcfhw, const at::Tensor& timestep_b, const UnetContext& context,
                            const ControlResiduals* control) const {
  const BlockContext blocks = block_context(latents_bcfhw, timestep_b, context, kWhere);
  Skips skips;
  at::Tensor x = encode(conv_in_(fold_frames(latents_bcfhw)), blocks, skips);
  if (control) {
    require(control->skips_nchw.size() == skips.size(), kWhere, "expected {} control residuals but got {}",
            skips.size(), control->skips_nchw.size());
    for (std::size_t i = 0; i < skips.size(); ++i) add_to(skips[i], control->skips_nchw[i]);
    add_to(x, control->middle_nchw);
  }
  for (const UpBlock& block : up_blocks_) x = block(x, blocks, skips);
  return unfold_frames(conv_out_(conv_norm_out_.then_silu(x, blocks.frames)), latents_bcfhw.size(2));
}

std::vector<nn::NamedParameter> Unet::temporal_parameters() {
  std::vector<nn::NamedParameter> temporal;
  for (const auto& [name, parameter] : parameters()) {
    if (name.find(".temporal_attentions.") != std::string::npos && !parameter->fixed)
      temporal.push_back({name, parameter});
  }
  return temporal;
}

}  // namespace hotshot::model
