#include "model/spatial_transformer.h"

#include <ATen/ATen.h>

#include <string>

#include "kernel/linear.h"
#include "nn/conv2d.h"

namespace hotshot::model {
namespace {

constexpr double kGroupNormEps = 1e-6, kLayerNormEps = 1e-5;

nn::AttentionOptions attention(const SpatialTransformerOptions& o, std::int64_t context_width) {
  return {.width = o.channels, .context_width = context_width, .heads = o.heads, .head_size = o.channels / o.heads};
}

std::vector<std::int64_t> weight_shape(std::int64_t channels, bool linear) {
  if (linear) return {channels, channels};
  return {channels, channels, 1, 1};
}

}  // namespace

TokenProjection::TokenProjection(std::int64_t channels, bool linear)
    : weight_(add_parameter("weight", weight_shape(channels, linear), nn::Init::fan_in(channels))),
      bias_(add_parameter("bias", {channels}, nn::Init::zeros())) {
  weight_.hidden = true;
}

at::Tensor TokenProjection::operator()(const at::Tensor& x_nld) const {
  return kernel::linear(x_nld, weight_.tensor.flatten(1), bias_.tensor);
}

TextTransformerBlock::TextTransformerBlock(const SpatialTransformerOptions& o)
    : norm1_(o.channels, kLayerNormEps),
      attn1_(attention(o, o.channels)),
      norm2_(o.channels, kLayerNormEps),
      attn2_(attention(o, o.text_width)),
      norm3_(o.channels, kLayerNormEps),
      ff_(o.channels) {
  add_child("norm1", norm1_);
  add_child("attn1", attn1_);
  add_child("norm2", norm2_);
  add_child("attn2", attn2_);
  add_child("norm3", norm3_);
  add_child("ff", ff_);
}

at::Tensor TextTransformerBlock::operator()(const at::Tensor& x_in, const at::Tensor& text_bsd) const {
  at::Tensor x = x_in;
  const at::Tensor looking = norm1_(x);
  x = attn1_(looking, looking, x);
  // Queries do not see each other, so those of all pictures of a clip may ask its one text.
  const at::Tensor asking = norm2_(x).view({text_bsd.size(0), -1, x.size(2)});
  x = attn2_(asking, text_bsd, x.view(asking.sizes())).view(x.sizes());
  return ff_(norm3_(x), x);
}

SpatialTransformer::SpatialTransformer(const SpatialTransformerOptions& o)
    : norm_(o.groups, o.channels, kGroupNormEps),
      proj_in_(o.channels, o.linear_projection),
      proj_out_(o.channels, o.linear_projection) {
  add_child("norm", norm_);
  add_child("proj_in", proj_in_);
  for (std::int64_t i = 0; i < o.layers; ++i) block_list_.with(std::to_string(i), blocks_.emplace_back(o));
  add_child("transformer_blocks", block_list_);
  add_child("proj_out", proj_out_);
}

at::Tensor SpatialTransformer::operator()(const at::Tensor& x_nchw, const at::Tensor& text_bsd) const {
  at::Tensor y_nld = proj_in_(nn::to_tokens(norm_(x_nchw)));
  for (const TextTransformerBlock& block : blocks_) y_nld = block(y_nld, text_bsd);
  return x_nchw + nn::to_pixels(proj_out_(y_nld), x_nchw.size(2), x_nchw.size(3));
}

}  // namespace hotshot::model
