#include "model/clip_classifier.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "kernel/attention.h"

namespace hotshot::model {
namespace {

constexpr double kEps = 1e-6;
constexpr int kOctaves = 5;  // sine and cosine of π 2^k u, k < kOctaves, for each of time, height and width

// Where each token lies in its clip: [t·h·w, 6·kOctaves], coordinates of 0 to 1 along every axis whatever its length.
at::Tensor position_waves(std::int64_t t, std::int64_t h, std::int64_t w, const at::TensorOptions& options) {
  const auto fp32 = options.dtype(at::kFloat);
  std::vector<at::Tensor> waves;
  const std::int64_t sizes[] = {t, h, w};
  for (int axis = 0; axis < 3; ++axis) {
    std::vector<std::int64_t> shape(3, 1);
    shape[static_cast<std::size_t>(axis)] = sizes[axis];
    const at::Tensor u = at::arange(sizes[axis], fp32).add(0.5).div(static_cast<double>(sizes[axis])).view(shape);
    for (int k = 0; k < kOctaves; ++k) {
      const at::Tensor angle = (u * (M_PI * (1 << k))).expand({t, h, w});
      waves.push_back(angle.sin());
      waves.push_back(angle.cos());
    }
  }
  return at::stack(waves, -1).flatten(0, 2).to(options.dtype());
}

}  // namespace

FieldList ClipClassifierConfig::fields() {
  return {{"patch_size", "pixels of a side that the first layer takes in at once", &patch_size, {1, 64}},
          {"channels", "of each stage", &channels, {1, 4096}},
          {"blocks", "of each stage", &blocks, {1, 64}},
          {"num_layers", "of the transformer", &num_layers, {1, 64}},
          {"num_attention_heads", "of the transformer", &num_attention_heads, {1, 64}},
          {"num_frames", "of a clip it was trained on", &num_frames, {1, 1000}},
          {"frame_rate", "frames per second it was trained on", &frame_rate, {1, 240}},
          {"attributes", "what it is asked", &attributes},
          {"classes", "how many answers each question has", &classes, {2, 100000}}};
}

void ClipClassifierConfig::validate(std::string_view where) const {
  require(!channels.empty() && channels.size() <= 8 && channels.size() == blocks.size(), where,
          "expected 1 to 8 stages with channels and blocks each but got {} and {}", channels.size(), blocks.size());
  require(!classes.empty() && classes.size() == attributes.size(), where,
          "expected classes for each of {} attributes but got {}", attributes.size(), classes.size());
  require(channels.back() % num_attention_heads == 0, where, "expected heads that divide {} channels but got {}",
          channels.back(), num_attention_heads);
}

nlohmann::json ClipClassifierConfig::to_json() const {
  nlohmann::json json = write_fields(ClipClassifierConfig(*this).fields());
  json["_class_name"] = "ClipClassifier";
  return json;
}

ClipBlock::ClipBlock(std::int64_t channels)
    : norm1_(channels, 2),
      norm2_(channels, 2),
      time_norm_(channels, 2),
      conv1_({.in = channels, .out = channels, .padding = 1}),
      conv2_({.in = channels, .out = channels, .padding = 1}),
      time_conv_({.in = 3 * channels, .out = channels, .kernel = 1}) {
  add_child("norm1", norm1_);
  add_child("conv1", conv1_);
  add_child("norm2", norm2_);
  add_child("conv2", conv2_);
  add_child("time_norm", time_norm_);
  add_child("time_conv", time_conv_);
}

at::Tensor ClipBlock::operator()(const at::Tensor& x_nchw, std::int64_t frames) const {
  const at::Tensor inner = conv1_(norm1_(x_nchw, /*then_silu=*/true));
  const at::Tensor x = conv2_(norm2_(inner, /*then_silu=*/true), x_nchw);
  const at::Tensor now = time_norm_(x, /*then_silu=*/true).unflatten(0, {-1, frames});
  const at::Tensor padded = at::constant_pad_nd(now, {0, 0, 0, 0, 0, 0, 1, 1});
  const at::Tensor three = at::cat({padded.narrow(1, 0, frames), now, padded.narrow(1, 2, frames)}, 2);
  return x + time_conv_(three.flatten(0, 1));
}

TokenBlock::TokenBlock(std::int64_t width, std::int64_t heads)
    : heads_(heads),
      norm1_(width, kEps),
      norm2_(width, kEps),
      to_q_({.in = width, .out = width}),
      to_k_({.in = width, .out = width}),
      to_v_({.in = width, .out = width}),
      to_out_({.in = width, .out = width}),
      ffn_in_({.in = width, .out = 4 * width}),
      ffn_out_({.in = 4 * width, .out = width}) {
  add_child("norm1", norm1_);
  add_child("to_q", to_q_);
  add_child("to_k", to_k_);
  add_child("to_v", to_v_);
  add_child("to_out", to_out_);
  add_child("norm2", norm2_);
  add_child("ffn_in", ffn_in_);
  add_child("ffn_out", ffn_out_);
}

at::Tensor TokenBlock::operator()(const at::Tensor& x_bld) const {
  const at::Tensor y = norm1_(x_bld);
  const std::int64_t head_size = x_bld.size(2) / heads_;
  const auto split = [&](const at::Tensor& z) { return z.unflatten(-1, {heads_, head_size}); };
  const at::Tensor mixed = kernel::attention(split(to_q_(y)), split(to_k_(y)), split(to_v_(y)),
                                             1.0 / std::sqrt(static_cast<double>(head_size)));
  const at::Tensor x = to_out_(mixed.flatten(2), {x_bld, {}});
  return ffn_out_(ffn_in_.then_gelu(norm2_(x)), {x, {}});
}

ClipClassifier::Stage::Stage(std::int64_t in, std::int64_t out, int count) {
  if (in > 0) add_child("down", down.emplace(nn::Conv2dOptions{.in = in, .out = out, .kernel = 2, .stride = 2}));
  for (int i = 0; i < count; ++i) list.with(std::to_string(i), blocks.emplace_back(out));
  add_child("blocks", list);
}

at::Tensor ClipClassifier::Stage::operator()(at::Tensor x, std::int64_t frames) const {
  if (down) x = (*down)(x);
  for (const ClipBlock& block : blocks) x = block(x, frames);
  return x;
}

ClipClassifier::ClipClassifier(ClipClassifierConfig config)
    : config_((config.validate("judge config"), std::move(config))),
      patch_embedding_(
          {.in = 3, .out = config_.channels.front(), .kernel = config_.patch_size, .stride = config_.patch_size}),
      positions_({.in = 6 * kOctaves, .out = config_.channels.back(), .hidden = false}),
      queries_(add_parameter("queries", {static_cast<std::int64_t>(config_.classes.size()), config_.channels.back()},
                             nn::Init::normal(1))),
      norm_(config_.channels.back(), kEps) {
  const std::int64_t width = config_.channels.back();
  add_child("patch_embedding", patch_embedding_);
  for (std::size_t i = 0; i < config_.channels.size(); ++i) {
    const int in = i == 0 ? 0 : config_.channels[i - 1];
    stage_list_.with(std::to_string(i), stages_.emplace_back(in, config_.channels[i], config_.blocks[i]));
  }
  add_child("stages", stage_list_);
  add_child("positions", positions_);
  for (int i = 0; i < config_.num_layers; ++i) {
    layer_list_.with(std::to_string(i), layers_.emplace_back(width, config_.num_attention_heads));
  }
  add_child("layers", layer_list_);
  add_child("norm", norm_);
  for (std::size_t i = 0; i < config_.classes.size(); ++i) {
    nn::Linear& head = heads_.emplace_back(
        nn::LinearOptions{.in = width, .out = config_.classes[i], .weight_init = nn::Init::zeros(), .hidden = false});
    head_list_.with(config_.attributes[i], head);
  }
  add_child("heads", head_list_);
}

ClipReading ClipClassifier::operator()(const at::Tensor& video_bcthw) const {
  const std::int64_t batch = video_bcthw.size(0), frames = video_bcthw.size(2);
  at::Tensor x = patch_embedding_(video_bcthw.transpose(1, 2).flatten(0, 1).contiguous());
  for (const Stage& stage : stages_) x = stage(x, frames);
  const std::int64_t width = x.size(1), height = x.size(2), columns = x.size(3);
  at::Tensor tokens_bld = x.unflatten(0, {batch, frames}).permute({0, 1, 3, 4, 2}).flatten(1, 3);
  tokens_bld = tokens_bld + positions_(position_waves(frames, height, columns, x.options()));
  const auto questions = static_cast<std::int64_t>(heads_.size());
  tokens_bld = at::cat({queries_.tensor.to(x.scalar_type()).expand({batch, questions, width}), tokens_bld}, 1);
  for (const TokenBlock& layer : layers_) tokens_bld = layer(tokens_bld);
  tokens_bld = norm_(tokens_bld);
  ClipReading reading;
  for (std::int64_t i = 0; i < questions; ++i) {
    reading.logits_bk.push_back(heads_[static_cast<std::size_t>(i)](tokens_bld.select(1, i)).to(at::kFloat));
  }
  reading.features_bd = tokens_bld.narrow(1, questions, tokens_bld.size(1) - questions).to(at::kFloat).mean(1);
  return reading;
}

}  // namespace hotshot::model
