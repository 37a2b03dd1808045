// The networks' constructors, as far as parameters go.
#include <fmt/format.h>

#include "weights/layout.h"

namespace hotshot::weights {
namespace {

// Collects the parameters below one prefix.
class Scope {
 public:
  Scope(Layout& layout, std::string prefix) : layout_(layout), prefix_(std::move(prefix)) {}

  Scope in(std::string_view name) const { return {layout_, fmt::format("{}{}.", prefix_, name)}; }
  Scope in(std::string_view name, std::size_t index) const { return in(fmt::format("{}.{}", name, index)); }

  void parameter(std::string_view name, Shape shape) const { layout_[fmt::format("{}{}", prefix_, name)] = shape; }
  void norm(std::string_view name, std::int64_t channels) const {
    in(name).parameter("weight", {channels});
    in(name).parameter("bias", {channels});
  }
  void matrix(std::string_view name, std::int64_t out, std::int64_t in_features) const {
    in(name).parameter("weight", {out, in_features});
  }
  void linear(std::string_view name, std::int64_t out, std::int64_t in_features) const {
    matrix(name, out, in_features);
    in(name).parameter("bias", {out});
  }
  void conv(std::string_view name, std::int64_t out, std::int64_t in_channels, std::int64_t kernel) const {
    in(name).parameter("weight", {out, in_channels, kernel, kernel});
    in(name).parameter("bias", {out});
  }

 private:
  Layout& layout_;
  std::string prefix_;
};

// A residual block; time_width 0 for one without a time.
void resnet(const Scope& s, std::int64_t in, std::int64_t out, std::int64_t time_width) {
  s.norm("norm1", in);
  s.conv("conv1", out, in, 3);
  if (time_width > 0) s.linear("time_emb_proj", out, time_width);
  s.norm("norm2", out);
  s.conv("conv2", out, out, 3);
  if (in != out) s.conv("conv_shortcut", out, in, 1);
}

void attention(const Scope& s, std::int64_t width, std::int64_t text_width) {
  s.matrix("to_q", width, width);
  s.matrix("to_k", width, text_width);
  s.matrix("to_v", width, text_width);
  s.linear("to_out.0", width, width);
}

void feed_forward(const Scope& s, std::int64_t width) {
  s.linear("net.0.proj", 8 * width, width);
  s.linear("net.2", width, 4 * width);
}

void spatial_transformer(const Scope& s, const UnetShape& shape, std::int64_t width, int depth) {
  s.norm("norm", width);
  for (const std::string_view name : {"proj_in", "proj_out"}) {
    if (shape.linear_projection) {
      s.linear(name, width, width);
    } else {
      s.conv(name, width, width, 1);
    }
  }
  for (int i = 0; i < depth; ++i) {
    const Scope block = s.in("transformer_blocks", i);
    for (const std::string_view name : {"norm1", "norm2", "norm3"}) block.norm(name, width);
    attention(block.in("attn1"), width, width);
    attention(block.in("attn2"), width, shape.text_width);
    feed_forward(block.in("ff"), width);
  }
}

std::int64_t time_width(const UnetShape& shape) { return 4 * shape.channels.front(); }

// What UNet and ControlNet share. Returns the channels of the skips, in the order they are made.
Shape unet_encoder(const Scope& s, const UnetShape& shape) {
  const std::int64_t time = time_width(shape);
  s.conv("conv_in", shape.channels.front(), shape.in_channels, 3);
  s.linear("time_embedding.linear_1", time, shape.channels.front());
  s.linear("time_embedding.linear_2", time, time);
  if (shape.added_width > 0) {
    s.linear("add_embedding.linear_1", time, shape.added_width);
    s.linear("add_embedding.linear_2", time, time);
  }
  Shape skips = {shape.channels.front()};
  for (std::size_t level = 0; level < shape.channels.size(); ++level) {
    const Scope block = s.in("down_blocks", level);
    const std::int64_t width = shape.channels[level];
    for (std::size_t i = 0; i < 2; ++i) {
      resnet(block.in("resnets", i), skips.back(), width, time);
      if (shape.depth[level] > 0) spatial_transformer(block.in("attentions", i), shape, width, shape.depth[level]);
      skips.push_back(width);
    }
    if (level + 1 < shape.channels.size()) {
      block.conv("downsamplers.0.conv", width, width, 3);
      skips.push_back(width);
    }
  }
  const Scope mid = s.in("mid_block");
  const std::int64_t width = shape.channels.back();
  for (std::size_t i = 0; i < 2; ++i) resnet(mid.in("resnets", i), width, width, time);
  spatial_transformer(mid.in("attentions", 0), shape, width, shape.mid_depth);
  return skips;
}

void vae_middle(const Scope& s, std::int64_t width) {
  for (std::size_t i = 0; i < 2; ++i) resnet(s.in("resnets", i), width, width, 0);
  const Scope attention = s.in("attentions", 0);
  attention.norm("group_norm", width);
  for (const std::string_view name : {"to_q", "to_k", "to_v", "to_out.0"}) attention.linear(name, width, width);
}

void temporal_transformer(const Scope& s, std::int64_t width) {
  constexpr std::int64_t kPositions = 24;
  s.norm("norm", width);
  s.linear("proj_in", width, width);
  s.linear("proj_out", width, width);
  const Scope block = s.in("transformer_blocks.0");
  for (std::size_t i = 0; i < 2; ++i) {
    const Scope layer = block.in("attention_blocks", i);
    attention(layer, width, width);
    layer.parameter("pos_encoder.positional_encoding", {1, kPositions, width});
    block.in("norms").norm(fmt::format("{}", i), width);
  }
  feed_forward(block.in("ff"), width);
  block.norm("ff_norm", width);
}

}  // namespace

Layout unet_layout(const UnetShape& shape) {
  Layout layout;
  const Scope s(layout, "");
  Shape skips = unet_encoder(s, shape);
  std::int64_t width = shape.channels.back();
  for (std::size_t i = 0; i < shape.channels.size(); ++i) {
    const std::size_t level = shape.channels.size() - 1 - i;
    const Scope block = s.in("up_blocks", i);
    for (std::size_t j = 0; j < 3; ++j) {
      resnet(block.in("resnets", j), width + skips.back(), shape.channels[level], time_width(shape));
      skips.pop_back();
      width = shape.channels[level];
      if (shape.depth[level] > 0) spatial_transformer(block.in("attentions", j), shape, width, shape.depth[level]);
    }
    if (level > 0) block.conv("upsamplers.0.conv", width, width, 3);
  }
  s.norm("conv_norm_out", width);
  s.conv("conv_out", shape.out_channels, width, 3);
  return layout;
}

Layout controlnet_layout(const UnetShape& shape) {
  constexpr std::int64_t kPicture[] = {16, 16, 32, 32, 96, 96, 256};  // channels down to an eighth of the size
  Layout layout;
  const Scope s(layout, "");
  const Shape skips = unet_encoder(s, shape);
  for (std::size_t i = 0; i < skips.size(); ++i)
    s.conv(fmt::format("controlnet_down_blocks.{}", i), skips[i], skips[i], 1);
  s.conv("controlnet_mid_block", skips.back(), skips.back(), 1);
  const Scope picture = s.in("controlnet_cond_embedding");
  picture.conv("conv_in", kPicture[0], 3, 3);
  for (std::size_t i = 0; i < 6; ++i) picture.conv(fmt::format("blocks.{}", i), kPicture[i + 1], kPicture[i], 3);
  picture.conv("conv_out", shape.channels.front(), kPicture[6], 3);
  return layout;
}

Layout vae_layout(const VaeShape& shape) {
  Layout layout;
  const std::int64_t latent = shape.latent_channels;
  const std::size_t levels = shape.channels.size();
  const Scope encoder(layout, "encoder.");
  encoder.conv("conv_in", shape.channels.front(), 3, 3);
  std::int64_t width = shape.channels.front();
  for (std::size_t level = 0; level < levels; ++level) {
    const Scope block = encoder.in("down_blocks", level);
    for (std::size_t i = 0; i < 2; ++i, width = shape.channels[level])
      resnet(block.in("resnets", i), width, shape.channels[level], 0);
    if (level + 1 < levels) block.conv("downsamplers.0.conv", width, width, 3);
  }
  vae_middle(encoder.in("mid_block"), width);
  encoder.norm("conv_norm_out", width);
  encoder.conv("conv_out", 2 * latent, width, 3);

  const Scope decoder(layout, "decoder.");
  decoder.conv("conv_in", width, latent, 3);
  vae_middle(decoder.in("mid_block"), width);
  for (std::size_t up = 0; up < levels; ++up) {
    const Scope block = decoder.in("up_blocks", up);
    const std::int64_t out = shape.channels[levels - 1 - up];
    for (std::size_t i = 0; i < 3; ++i, width = out) resnet(block.in("resnets", i), width, out, 0);
    if (up + 1 < levels) block.conv("upsamplers.0.conv", width, width, 3);
  }
  decoder.norm("conv_norm_out", width);
  decoder.conv("conv_out", 3, width, 3);

  const Scope latents(layout, "");
  latents.conv("quant_conv", 2 * latent, 2 * latent, 1);
  latents.conv("post_quant_conv", latent, latent, 1);
  return layout;
}

Layout clip_layout(const ClipShape& shape) {
  Layout layout;
  const std::int64_t width = shape.width;
  const Scope s(layout, "text_model.");
  s.in("embeddings").matrix("token_embedding", shape.vocabulary, width);
  s.in("embeddings").matrix("position_embedding", shape.positions, width);
  for (int i = 0; i < shape.layers; ++i) {
    const Scope layer = s.in("encoder.layers", i);
    for (const std::string_view name : {"q_proj", "k_proj", "v_proj", "out_proj"})
      layer.in("self_attn").linear(name, width, width);
    layer.norm("layer_norm1", width);
    layer.norm("layer_norm2", width);
    layer.linear("mlp.fc1", 4 * width, width);
    layer.linear("mlp.fc2", width, 4 * width);
  }
  s.norm("final_layer_norm", width);
  if (shape.projection > 0) Scope(layout, "").matrix("text_projection", shape.projection, width);
  return layout;
}

Layout temporal_layout(const Shape& channels) {
  Layout layout;
  const Scope s(layout, "");
  for (std::size_t i = 0; i < channels.size(); ++i) {
    for (std::size_t j = 0; j < 2; ++j)
      temporal_transformer(s.in("down_blocks", i).in("temporal_attentions", j), channels[i]);
    for (std::size_t j = 0; j < 3; ++j)
      temporal_transformer(s.in("up_blocks", i).in("temporal_attentions", j), channels[channels.size() - 1 - i]);
  }
  return layout;
}

}  // namespace hotshot::weights
