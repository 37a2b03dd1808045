// The transformers of Stable Diffusion's UNet (Rombach et al. 2022, arXiv 2112.10752, section 3.3; diffusers
// Transformer2DModel and BasicTransformerBlock): the pixels of a picture attend to each other and to the text.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>

#include "nn/attention.h"
#include "nn/group_norm.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

struct SpatialTransformerOptions {
  std::int64_t channels = 0;
  std::int64_t heads = 0;  // must divide channels
  std::int64_t layers = 1;
  std::int64_t text_width = 0;
  std::int64_t groups = 32;
  bool linear_projection = false;  // proj_in and proj_out are stored as [c, c] instead of [c, c, 1, 1]
};

/// A linear layer whose weight is stored as [c, c] or as that of a 1×1 convolution, [c, c, 1, 1].
class TokenProjection : public nn::Module {
 public:
  TokenProjection(std::int64_t channels, bool linear);
  at::Tensor operator()(const at::Tensor& x_nld) const;

 private:
  nn::Parameter& weight_;
  nn::Parameter& bias_;
};

/// Self-attention, cross-attention to the text and a feed-forward layer, each on the layer norm of the stream it is
/// added to.
class TextTransformerBlock : public nn::Module {
 public:
  explicit TextTransformerBlock(const SpatialTransformerOptions& options);
  /// x_nld: the tokens of n pictures, text_bsd: the text of b clips of n / b pictures each.
  at::Tensor operator()(const at::Tensor& x_nld, const at::Tensor& text_bsd) const;

 private:
  nn::LayerNorm norm1_;
  nn::Attention attn1_;
  nn::LayerNorm norm2_;
  nn::Attention attn2_;
  nn::LayerNorm norm3_;
  nn::GegluFeedForward ff_;
};

class SpatialTransformer : public nn::Module {
 public:
  explicit SpatialTransformer(const SpatialTransformerOptions& options);
  /// x_nchw: n pictures; text_bsd as above.
  at::Tensor operator()(const at::Tensor& x_nchw, const at::Tensor& text_bsd) const;

 private:
  nn::GroupNorm norm_;
  TokenProjection proj_in_;
  std::deque<TextTransformerBlock> blocks_;
  nn::Group block_list_;
  TokenProjection proj_out_;
};

}  // namespace hotshot::model
