#include "model/umt5.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "kernel/activation.h"
#include "kernel/attention.h"

namespace hotshot::model {
namespace {

nn::LinearOptions plain(std::int64_t in, std::int64_t out, double std) {
  return {.in = in, .out = out, .bias = false, .weight_init = nn::Init::normal(std)};
}

double inverse_root(double value) { return 1.0 / std::sqrt(value); }

// Bucket of key - query (Raffel et al. 2020, appendix; transformers _relative_position_bucket, bidirectional): half of
// the buckets for each direction, exact up to a quarter of all, logarithmic up to max_distance.
std::int64_t bucket(std::int64_t distance, std::int64_t buckets, std::int64_t max_distance) {
  const std::int64_t half = buckets / 2, exact = half / 2, length = std::abs(distance);
  const std::int64_t offset = distance > 0 ? half : 0;
  if (length < exact) return offset + length;
  const float scaled = std::log(static_cast<float>(length) / static_cast<float>(exact)) /
                       static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact))) *
                       static_cast<float>(half - exact);
  return offset + std::min(exact + static_cast<std::int64_t>(scaled), half - 1);
}

at::Tensor bucket_table(std::int64_t length, const Umt5Config& c) {
  at::Tensor table = at::empty({length, length}, at::kLong);
  auto* out = table.data_ptr<std::int64_t>();
  for (std::int64_t query = 0; query < length; ++query) {
    for (std::int64_t key = 0; key < length; ++key) {
      *out++ = bucket(key - query, c.relative_attention_num_buckets, c.relative_attention_max_distance);
    }
  }
  return table;
}

}  // namespace

FieldList Umt5Config::fields() {
  return {{"vocab_size", "rows of the embedding", &vocab_size, {1, 1 << 22}},
          {"d_model", "width", &d_model, {1, 65536}},
          {"d_kv", "values per head", &d_kv, {1, 1024}},
          {"d_ff", "width of the feed-forward layer", &d_ff, {1, 1 << 20}},
          {"num_layers", "blocks", &num_layers, {1, 1000}},
          {"num_heads", "heads", &num_heads, {1, 1024}},
          {"relative_attention_num_buckets", "buckets of distances", &relative_attention_num_buckets, {4, 4096}},
          {"relative_attention_max_distance",
           "distance of the last bucket",
           &relative_attention_max_distance,
           {2, 1 << 20}},
          {"layer_norm_epsilon", "added to mean squares", &layer_norm_epsilon, {0, 1}},
          {"feed_forward_proj", "kind of feed-forward layer", &feed_forward_proj}};
}

void Umt5Config::validate(std::string_view where) const {
  require(feed_forward_proj == "gated-gelu", where, "expected feed_forward_proj gated-gelu but got '{}'",
          feed_forward_proj);
  require(relative_attention_max_distance > relative_attention_num_buckets / 4, where,
          "expected relative_attention_max_distance above {} but got {}", relative_attention_num_buckets / 4,
          relative_attention_max_distance);
}

nlohmann::json Umt5Config::to_json() const {
  nlohmann::json json = write_fields(Umt5Config(*this).fields());
  json["architectures"] = {"UMT5EncoderModel"};
  json["model_type"] = "umt5";
  json["is_encoder_decoder"] = true;
  json["use_cache"] = false;
  json["tie_word_embeddings"] = true;
  json["dropout_rate"] = 0.0;
  json["pad_token_id"] = 0;
  json["eos_token_id"] = 1;
  json["decoder_start_token_id"] = 0;
  json["tokenizer_class"] = "T5Tokenizer";
  return json;
}

Umt5Block::Umt5Block(const Umt5Config& c)
    : heads_(c.num_heads),
      head_size_(c.d_kv),
      attention_norm_(c.d_model, c.layer_norm_epsilon),
      ffn_norm_(c.d_model, c.layer_norm_epsilon),
      q_(plain(c.d_model, c.num_heads * c.d_kv, inverse_root(static_cast<double>(c.d_model) * c.d_kv))),
      k_(plain(c.d_model, c.num_heads * c.d_kv, inverse_root(c.d_model))),
      v_(plain(c.d_model, c.num_heads * c.d_kv, inverse_root(c.d_model))),
      o_(plain(c.num_heads * c.d_kv, c.d_model, inverse_root(static_cast<double>(c.num_heads) * c.d_kv))),
      wi_0_(plain(c.d_model, c.d_ff, inverse_root(c.d_model))),
      wi_1_(plain(c.d_model, c.d_ff, inverse_root(c.d_model))),
      wo_(plain(c.d_ff, c.d_model, inverse_root(c.d_ff))),
      relative_bias_(c.relative_attention_num_buckets, c.num_heads, nn::Init::normal(inverse_root(c.d_model))) {
  attention_.with("q", q_).with("k", k_).with("v", v_).with("o", o_).with("relative_attention_bias", relative_bias_);
  dense_.with("wi_0", wi_0_).with("wi_1", wi_1_).with("wo", wo_);
  layer0_.with("SelfAttention", attention_).with("layer_norm", attention_norm_);
  layer1_.with("DenseReluDense", dense_).with("layer_norm", ffn_norm_);
  add_child("layer", layers_.with("0", layer0_).with("1", layer1_));
}

at::Tensor Umt5Block::operator()(const at::Tensor& x_in, const at::Tensor& buckets_ll,
                                 const at::Tensor& mask_bl) const {
  const auto split_heads = [&](const at::Tensor& y) { return y.unflatten(-1, {heads_, head_size_}); };
  at::Tensor bias = relative_bias_(buckets_ll).to(at::kFloat).permute({2, 0, 1}).unsqueeze(0);
  if (mask_bl.defined()) bias = bias + mask_bl.unsqueeze(1).unsqueeze(1);
  const at::Tensor attended = attention_norm_(x_in);
  const at::Tensor mixed = kernel::attention(split_heads(q_(attended)), split_heads(k_(attended)),
                                             split_heads(v_(attended)), /*scale=*/1.0, bias);
  const at::Tensor x = o_(mixed.flatten(2), {x_in, {}});
  const at::Tensor fed = ffn_norm_(x);
  return wo_(kernel::gelu_tanh(wi_0_(fed)) * wi_1_(fed), {x, {}});
}

Umt5Encoder::Umt5Encoder(Umt5Config config)
    : config_((config.validate("text encoder config"), std::move(config))),
      shared_(config_.vocab_size, config_.d_model, nn::Init::normal(1.0)),
      final_norm_(config_.d_model, config_.layer_norm_epsilon) {
  add_child("shared", shared_);
  for (int i = 0; i < config_.num_layers; ++i) block_list_.with(std::to_string(i), blocks_.emplace_back(config_));
  add_child("encoder", encoder_.with("block", block_list_).with("final_layer_norm", final_norm_));
}

at::Tensor Umt5Encoder::operator()(const at::Tensor& ids_bl, const std::vector<std::int64_t>& lengths,
                                   at::ScalarType compute) const {
  const std::int64_t batch = ids_bl.size(0), length = ids_bl.size(1);
  require(static_cast<std::int64_t>(lengths.size()) == batch, "text encoder", "expected {} lengths but got {}", batch,
          lengths.size());
  for (const std::int64_t tokens : lengths) {
    require(tokens >= 1 && tokens <= length, "text encoder", "expected 1 to {} tokens but got {}", length, tokens);
  }
  const at::Tensor beyond_bl = at::arange(length).ge(at::tensor(lengths).unsqueeze(1));
  const at::Tensor mask_bl = at::zeros({batch, length}, at::kFloat)
                                 .masked_fill(beyond_bl, -std::numeric_limits<float>::infinity())
                                 .to(ids_bl.device());
  at::Tensor x_bld = shared_(ids_bl).to(compute);
  const at::Tensor buckets = bucket_table(length, config_).to(ids_bl.device());
  for (const Umt5Block& block : blocks_) x_bld = block(x_bld, buckets, mask_bl);
  return final_norm_(x_bld);
}

}  // namespace hotshot::model
