// Hotshot-XL's temporal transformer: each pixel attends to itself over the frames of its clip.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

#include "nn/attention.h"
#include "nn/group_norm.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

/// What the original fixes for every size: rows of the table of positions (more frames cannot be told apart), groups of
/// the norm, heads.
inline constexpr std::int64_t kTemporalPositions = 24, kTemporalGroups = 32, kTemporalHeads = 8;

/// Self-attention over frames, among tokens to which the rows of a stored table of positions were added, so that
/// queries, keys and values all know their frame.
class TemporalAttention : public nn::Attention {
 public:
  explicit TemporalAttention(std::int64_t channels);
  /// x_pfc: p pixels, each with f frames of c channels; added to residual_pfc.
  at::Tensor operator()(const at::Tensor& x_pfc, const at::Tensor& residual_pfc) const;

 private:
  class PositionTable : public nn::Module {
   public:
    explicit PositionTable(std::int64_t channels);
    nn::Parameter& table;  // [1, kTemporalPositions, c]
  };
  PositionTable pos_encoder_;
};

/// Two attentions over frames and a feed-forward layer, each on the layer norm of the stream it is added to.
class TemporalBlock : public nn::Module {
 public:
  explicit TemporalBlock(std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x_pfc) const;

 private:
  std::array<TemporalAttention, 2> attentions_;
  std::array<nn::LayerNorm, 2> norms_;
  nn::LayerNorm ff_norm_;
  nn::GegluFeedForward ff_;
  nn::Group attention_list_, norm_list_;
};

/// x + proj_out(block(proj_in(norm(x)))). proj_out starts at zero: what it is added to is unchanged before training.
class TemporalTransformer : public nn::Module {
 public:
  /// `channels` must be a multiple of kTemporalGroups, else InvalidArgument.
  explicit TemporalTransformer(std::int64_t channels);
  /// x_nchw with n = clips · frames, the frames of a clip side by side; at most kTemporalPositions frames, else
  /// InvalidArgument. The norm is per picture.
  at::Tensor operator()(const at::Tensor& x_nchw, std::int64_t frames) const;

 private:
  nn::GroupNorm norm_;
  nn::Linear proj_in_;
  TemporalBlock block_;
  nn::Group block_list_;
  nn::Linear proj_out_;
};

}  // namespace hotshot::model
