#include "model/temporal_transformer.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "nn/conv2d.h"

namespace hotshot::model {
namespace {

constexpr double kGroupNormEps = 1e-6, kLayerNormEps = 1e-5;

}  // namespace

TemporalAttention::PositionTable::PositionTable(std::int64_t channels)
    : table(add_parameter("positional_encoding", {1, kTemporalPositions, channels}, nn::Init::sinusoid(),
                          /*keep_fp32=*/true)) {
  table.fixed = true;
}

TemporalAttention::TemporalAttention(std::int64_t channels)
    : nn::Attention({.width = channels, .heads = kTemporalHeads, .head_size = channels / kTemporalHeads}),
      pos_encoder_(channels) {
  add_child("pos_encoder", pos_encoder_);
}

at::Tensor TemporalAttention::operator()(const at::Tensor& x_pfc, const at::Tensor& residual_pfc) const {
  const at::Tensor placed = x_pfc + pos_encoder_.table.tensor.narrow(1, 0, x_pfc.size(1)).to(x_pfc.scalar_type());
  return nn::Attention::operator()(placed, placed, residual_pfc);
}

TemporalBlock::TemporalBlock(std::int64_t channels)
    : attentions_{TemporalAttention(channels), TemporalAttention(channels)},
      norms_{nn::LayerNorm(channels, kLayerNormEps), nn::LayerNorm(channels, kLayerNormEps)},
      ff_norm_(channels, kLayerNormEps),
      ff_(channels) {
  add_child("attention_blocks", attention_list_.with("0", attentions_[0]).with("1", attentions_[1]));
  add_child("norms", norm_list_.with("0", norms_[0]).with("1", norms_[1]));
  add_child("ff", ff_);
  add_child("ff_norm", ff_norm_);
}

at::Tensor TemporalBlock::operator()(const at::Tensor& x_in) const {
  at::Tensor x = x_in;
  for (std::size_t i = 0; i < attentions_.size(); ++i) x = attentions_[i](norms_[i](x), x);
  return ff_(ff_norm_(x), x);
}

TemporalTransformer::TemporalTransformer(std::int64_t channels)
    : norm_(kTemporalGroups, channels, kGroupNormEps),
      proj_in_({.in = channels, .out = channels}),
      block_(channels),
      proj_out_({.in = channels, .out = channels, .weight_init = nn::Init::zeros()}) {
  add_child("norm", norm_);
  add_child("proj_in", proj_in_);
  add_child("transformer_blocks", block_list_.with("0", block_));
  add_child("proj_out", proj_out_);
}

at::Tensor TemporalTransformer::operator()(const at::Tensor& x_nchw, std::int64_t frames) const {
  require(frames <= kTemporalPositions, "temporal transformer", "expected at most {} frames but got {}",
          kTemporalPositions, frames);
  const std::int64_t channels = x_nchw.size(1), pixels = x_nchw.size(2) * x_nchw.size(3);
  const at::Tensor by_frame = nn::to_tokens(norm_(x_nchw)).view({-1, frames, pixels, channels});
  const at::Tensor x_pfc = by_frame.transpose(1, 2).reshape({-1, frames, channels});
  const at::Tensor by_pixel = proj_out_(block_(proj_in_(x_pfc))).view({-1, pixels, frames, channels});
  const at::Tensor y_nld = by_pixel.transpose(1, 2).reshape({-1, pixels, channels});
  return x_nchw + nn::to_pixels(y_nld, x_nchw.size(2), x_nchw.size(3));
}

}  // namespace hotshot::model
