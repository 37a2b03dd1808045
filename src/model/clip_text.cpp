#include "model/clip_text.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "kernel/activation.h"
#include "kernel/attention.h"

namespace hotshot::model {
namespace {

constexpr int kOldEndId = 2;  // what configs said before transformers 4.31, whatever the vocabulary

constexpr double kLargestFactor = 10;  // between means that say something of the strength of a text

using Activation = at::Tensor (*)(const at::Tensor&);

Activation find_activation(std::string_view name, std::string_view where) {
  if (name == "quick_gelu") return kernel::quick_gelu;
  if (name == "gelu") return kernel::gelu;
  throw_unknown(where, name, {"quick_gelu", "gelu"});
}

nn::LinearOptions linear(std::int64_t in, std::int64_t out) { return {.in = in, .out = out}; }

at::Tensor causal_mask(std::int64_t length, at::Device device) {
  const at::Tensor mask = at::full({length, length}, -std::numeric_limits<float>::infinity(), at::kFloat);
  return mask.triu(1).to(device);
}

}  // namespace

FieldList ClipTextConfig::fields() {
  return {{"vocab_size", "rows of the token embedding", &vocab_size, {1, 1 << 22}},
          {"hidden_size", "width", &hidden_size, {1, 65536}},
          {"intermediate_size", "width of the feed-forward layer", &intermediate_size, {1, 1 << 20}},
          {"projection_dim", "features of the projected text", &projection_dim, {1, 65536}},
          {"num_hidden_layers", "layers", &num_hidden_layers, {1, 1000}},
          {"num_attention_heads", "heads", &num_attention_heads, {1, 1024}},
          {"max_position_embeddings", "longest text", &max_position_embeddings, {1, 65536}},
          {"hidden_act", "activation of the feed-forward layer", &hidden_act},
          {"layer_norm_eps", "added to variances", &layer_norm_eps, {0, 1}},
          {"eos_token_id", "id that ends a text", &eos_token_id, {0, 1 << 22}}};
}

void ClipTextConfig::validate(std::string_view where) const {
  find_activation(hidden_act, where);
  require(hidden_size % num_attention_heads == 0, where, "expected hidden_size in {} equal heads but got {}",
          num_attention_heads, hidden_size);
}

nlohmann::json ClipTextConfig::to_json(std::string_view class_name) const {
  nlohmann::json json = write_fields(ClipTextConfig(*this).fields());
  json["architectures"] = {class_name};
  json["model_type"] = "clip_text_model";
  json["bos_token_id"] = eos_token_id == kOldEndId ? 0 : eos_token_id - 1;
  json["pad_token_id"] = 1;
  json["attention_dropout"] = 0.0;
  json["dropout"] = 0.0;
  return json;
}

ClipTextLayer::ClipTextLayer(const ClipTextConfig& c)
    : heads_(c.num_attention_heads),
      head_size_(c.hidden_size / c.num_attention_heads),
      activation_(find_activation(c.hidden_act, "text encoder config")),
      layer_norm1_(c.hidden_size, c.layer_norm_eps),
      layer_norm2_(c.hidden_size, c.layer_norm_eps),
      q_proj_(linear(c.hidden_size, c.hidden_size)),
      k_proj_(linear(c.hidden_size, c.hidden_size)),
      v_proj_(linear(c.hidden_size, c.hidden_size)),
      out_proj_(linear(c.hidden_size, c.hidden_size)),
      fc1_(linear(c.hidden_size, c.intermediate_size)),
      fc2_(linear(c.intermediate_size, c.hidden_size)) {
  add_child(
      "self_attn",
      self_attn_.with("k_proj", k_proj_).with("v_proj", v_proj_).with("q_proj", q_proj_).with("out_proj", out_proj_));
  add_child("layer_norm1", layer_norm1_);
  add_child("mlp", mlp_.with("fc1", fc1_).with("fc2", fc2_));
  add_child("layer_norm2", layer_norm2_);
}

at::Tensor ClipTextLayer::operator()(const at::Tensor& x_in, const at::Tensor& mask_ll) const {
  const auto split_heads = [&](const at::Tensor& y) { return y.unflatten(-1, {heads_, head_size_}); };
  const at::Tensor seen = layer_norm1_(x_in);
  const at::Tensor mixed =
      kernel::attention(split_heads(q_proj_(seen)), split_heads(k_proj_(seen)), split_heads(v_proj_(seen)),
                        1.0 / std::sqrt(static_cast<double>(head_size_)), mask_ll.unsqueeze(0).unsqueeze(0));
  const at::Tensor x = out_proj_(mixed.flatten(2), {x_in, {}});
  return fc2_(activation_(fc1_(layer_norm2_(x))), {x, {}});
}

const at::Tensor& ClipTextOutput::hidden(int skipped) const {
  const int layers = static_cast<int>(hidden_bld.size()) - 1;
  require(skipped >= 0 && skipped <= layers, "text encoder", "expected 0 to {} skipped layers but got {}", layers,
          skipped);
  return hidden_bld[static_cast<std::size_t>(layers - skipped)];
}

ClipTextModel::ClipTextModel(ClipTextConfig config)
    : config_((config.validate("text encoder config"), std::move(config))),
      token_embedding_(config_.vocab_size, config_.hidden_size, nn::Init::normal(0.02)),
      position_embedding_(config_.max_position_embeddings, config_.hidden_size, nn::Init::normal(0.02)),
      final_layer_norm_(config_.hidden_size, config_.layer_norm_eps) {
  for (int i = 0; i < config_.num_hidden_layers; ++i)
    layer_list_.with(std::to_string(i), layers_.emplace_back(config_));
  embeddings_.with("token_embedding", token_embedding_).with("position_embedding", position_embedding_);
  text_model_.with("embeddings", embeddings_)
      .with("encoder", encoder_.with("layers", layer_list_))
      .with("final_layer_norm", final_layer_norm_);
  add_child("text_model", text_model_);
}

std::vector<std::int64_t> ClipTextModel::end_positions(const at::Tensor& ids_any) const {
  const at::Tensor ids_bl = ids_any.to(at::kCPU, at::kLong).contiguous();
  const std::int64_t length = ids_bl.size(1), rows = token_embedding_.count();
  std::vector<std::int64_t> ends;
  for (std::int64_t b = 0; b < ids_bl.size(0); ++b) {
    const std::span ids(ids_bl.data_ptr<std::int64_t>() + b * length, static_cast<std::size_t>(length));
    std::int64_t end_id = config_.eos_token_id;
    if (end_id == kOldEndId) end_id = -1;
    for (const std::int64_t id : ids) {
      require(id >= 0 && id < rows, "text encoder", "expected ids from 0 to {} but got {}", rows - 1, id);
      if (config_.eos_token_id == kOldEndId && id < config_.vocab_size) end_id = std::max(end_id, id);
    }
    const auto end = std::find(ids.begin(), ids.end(), end_id);
    require(end != ids.end(), "text encoder", "expected the end of the text, {}, among the ids of row {}", end_id, b);
    ends.push_back(end - ids.begin());
  }
  return ends;
}

ClipTextOutput ClipTextModel::operator()(const at::Tensor& ids_bl, at::ScalarType compute) const {
  require(ids_bl.dim() == 2 && ids_bl.size(1) >= 1 && ids_bl.size(1) <= config_.max_position_embeddings, "text encoder",
          "expected ids [b, 1 to {}] but got {} axes of {} values", config_.max_position_embeddings, ids_bl.dim(),
          ids_bl.numel());
  const std::int64_t length = ids_bl.size(1);
  const std::vector<std::int64_t> ends = end_positions(ids_bl);
  const at::Tensor positions = at::arange(length, ids_bl.options().dtype(at::kLong));
  at::Tensor x_bld = (token_embedding_(ids_bl) + position_embedding_(positions)).to(compute);
  ClipTextOutput output{{x_bld}, {}, {}};
  const at::Tensor mask_ll = causal_mask(length, ids_bl.device());
  for (const ClipTextLayer& layer : layers_) output.hidden_bld.push_back(x_bld = layer(x_bld, mask_ll));
  output.last_bld = final_layer_norm_(x_bld);
  std::vector<at::Tensor> pooled;
  for (std::size_t b = 0; b < ends.size(); ++b)
    pooled.push_back(output.last_bld[static_cast<std::int64_t>(b)][ends[b]]);
  output.pooled_bd = at::stack(pooled);
  return output;
}

std::int64_t ClipTextModel::append_tokens(const at::Tensor& vectors_nd) {
  require(vectors_nd.dim() == 2 && vectors_nd.size(0) >= 1 && vectors_nd.size(1) == config_.hidden_size,
          "textual inversion", "expected vectors of {} values, as the text encoder's, but got [{}, {}]",
          config_.hidden_size, vectors_nd.dim() > 0 ? vectors_nd.size(0) : 0,
          vectors_nd.dim() > 1 ? vectors_nd.size(1) : 0);
  const std::int64_t first = token_embedding_.count();
  token_embedding_.append(vectors_nd);
  return first;
}

ClipTextModelWithProjection::ClipTextModelWithProjection(ClipTextConfig config)
    : ClipTextModel(std::move(config)),
      text_projection_({.in = this->config().hidden_size, .out = this->config().projection_dim, .bias = false}) {
  add_child("text_projection", text_projection_);
}

at::Tensor weigh_tokens(const at::Tensor& embeddings_bld, const at::Tensor& weights_bl) {
  require(weights_bl.sizes() == embeddings_bld.sizes().slice(0, 2), "text encoder",
          "expected a weight for each of {} tokens but got {}", embeddings_bld.size(0) * embeddings_bld.size(1),
          weights_bl.numel());
  std::vector<at::Tensor> rows;
  for (std::int64_t b = 0; b < embeddings_bld.size(0); ++b) {
    const at::Tensor embeddings_ld = embeddings_bld[b];
    const at::Tensor weights_l = weights_bl[b].to(embeddings_ld.device(), at::kFloat);
    rows.push_back(embeddings_ld);
    if (weights_l.eq(1).all().item<bool>()) continue;
    const at::Tensor weighed = embeddings_ld.to(at::kFloat) * weights_l.unsqueeze(1);
    const double before = embeddings_ld.to(at::kFloat).mean().item<double>(), after = weighed.mean().item<double>();
    const double factor = before / after;
    const bool tells = factor > 0 && factor < kLargestFactor;
    rows.back() = (tells ? weighed * factor : weighed).to(embeddings_ld.scalar_type());
  }
  return at::stack(rows);
}

}  // namespace hotshot::model
