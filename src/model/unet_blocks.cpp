#include "model/unet_blocks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <utility>

namespace hotshot::model {
namespace {

bool attends(std::string_view type) { return type.starts_with("CrossAttn"); }

// [n, c, h, w] and [n, c', h, w], channels-last, side by side: [n, c + c', h, w], channels-last.
at::Tensor join_channels(const at::Tensor& x, const at::Tensor& skip) {
  return at::cat({x.permute({0, 2, 3, 1}), skip.permute({0, 2, 3, 1})}, 3).permute({0, 3, 1, 2});
}

}  // namespace

UnetLevel::UnetLevel(const UnetEncoderConfig& c, std::size_t block)
    : resnet_{.out = c.channels(block), .groups = c.norm_num_groups, .eps = c.norm_eps, .time = c.time_embed_dim()},
      attention_{.channels = c.channels(block),
                 .heads = c.attention_head_dim[block],
                 .layers = c.transformer_layers_per_block[block],
                 .text_width = c.text_width(),
                 .groups = c.norm_num_groups,
                 .linear_projection = c.use_linear_projection} {
  add_child("resnets", resnets_);
  add_child("attentions", attentions_);
  add_child("temporal_attentions", temporal_attentions_);
}

void UnetLevel::add_layer(std::int64_t in, bool attends, bool temporal) {
  const std::string index = std::to_string(layers_.size());
  nn::ResnetBlock2dOptions options = resnet_;
  options.in = in;
  Layer& layer = layers_.emplace_back(options);
  resnets_.with(index, layer.resnet);
  if (attends) attentions_.with(index, layer.attention.emplace(attention_));
  if (temporal) temporal_attentions_.with(index, layer.temporal.emplace(resnet_.out));
}

at::Tensor UnetLevel::Layer::operator()(const at::Tensor& x_nchw, const BlockContext& context) const {
  at::Tensor x = resnet(x_nchw, context.time_be, context.frames);
  if (attention) x = (*attention)(x, context.text_bsd);
  if (temporal && context.frames > 1) x = (*temporal)(x, context.frames);
  return x;
}

DownBlock::DownBlock(const UnetEncoderConfig& c, std::size_t block) : UnetLevel(c, block) {
  const std::int64_t channels = c.channels(block);
  for (int i = 0; i < c.layers_per_block[block]; ++i) {
    const std::int64_t in = i > 0 || block == 0 ? channels : c.channels(block - 1);
    add_layer(in, attends(c.down_block_types[block]), c.is_video());
  }
  if (block + 1 == c.blocks()) return;
  add_child("downsamplers", downsamplers_.with("0", downsampler_.emplace(channels, /*padding=*/1)));
}

at::Tensor DownBlock::operator()(at::Tensor x, const BlockContext& context, Skips& skips) const {
  for (const Layer& layer : layers_) skips.push_back(x = layer(x, context));
  if (downsampler_) skips.push_back(x = (*downsampler_)(x));
  return x;
}

MidBlock::MidBlock(const UnetEncoderConfig& c) : UnetLevel(c, c.blocks() - 1) {
  const bool attends = c.mid_block_type != "UNetMidBlock2D";
  const std::int64_t channels = c.channels(c.blocks() - 1);
  add_layer(channels, attends, /*temporal=*/false);
  if (attends) add_layer(channels, /*attends=*/false, /*temporal=*/false);
}

at::Tensor MidBlock::operator()(at::Tensor x, const BlockContext& context) const {
  for (const Layer& layer : layers_) x = layer(x, context);
  return x;
}

UpBlock::UpBlock(const UnetEncoderConfig& c, std::size_t block, std::string_view type) : UnetLevel(c, block) {
  const std::int64_t channels = c.channels(block), above = c.channels(block > 0 ? block - 1 : 0),
                     below = c.channels(std::min(block + 1, c.blocks() - 1));
  const int layers = c.layers_per_block[block] + 1;
  for (int i = 0; i < layers; ++i) {
    const std::int64_t skip = i + 1 == layers ? above : channels;
    add_layer((i == 0 ? below : channels) + skip, attends(type), c.is_video());
  }
  if (block > 0) add_child("upsamplers", upsamplers_.with("0", upsampler_.emplace(channels)));
}

at::Tensor UpBlock::operator()(at::Tensor x, const BlockContext& context, Skips& skips) const {
  for (const Layer& layer : layers_) {
    const at::Tensor skip = std::move(skips.back());
    skips.pop_back();
    x = layer(join_channels(x, skip), context);
  }
  return upsampler_ ? (*upsampler_)(x, skips.back().size(2), skips.back().size(3)) : x;
}

}  // namespace hotshot::model
