// The text encoder of Wan: umT5 (Chung et al. 2023, arXiv 2304.09151), a T5 v1.1 encoder whose every layer has its own
// relative position bias (transformers UMT5EncoderModel).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/options.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

/// The fields of transformers' config.json that shape the encoder.
struct Umt5Config {
  int vocab_size = 256384;
  int d_model = 4096;
  int d_kv = 64;
  int d_ff = 10240;
  int num_layers = 24;
  int num_heads = 64;
  int relative_attention_num_buckets = 32;
  int relative_attention_max_distance = 128;
  double layer_norm_epsilon = 1e-6;
  std::string feed_forward_proj = "gated-gelu";

  FieldList fields();
  void validate(std::string_view where) const;
  /// With the class and token ids that transformers wants to find.
  nlohmann::json to_json() const;
};

class Umt5Block : public nn::Module {
 public:
  explicit Umt5Block(const Umt5Config& config);
  /// buckets_ll int64 [l, l]; mask_bl fp32, 0 for tokens and -inf for padding, or undefined.
  at::Tensor operator()(const at::Tensor& x_bld, const at::Tensor& buckets_ll, const at::Tensor& mask_bl) const;

 private:
  std::int64_t heads_, head_size_;
  nn::RmsNorm attention_norm_, ffn_norm_;
  nn::Linear q_, k_, v_, o_, wi_0_, wi_1_, wo_;
  nn::Embedding relative_bias_;
  nn::Group attention_, layer0_, dense_, layer1_, layers_;
};

class Umt5Encoder : public nn::Module {
 public:
  explicit Umt5Encoder(Umt5Config config);

  const Umt5Config& config() const { return config_; }

  /// ids_bl int64 [b, l] with lengths[b] tokens each (the rest is padding) → [b, l, d_model], computed and returned in
  /// `compute`; rows of padding are meaningless.
  at::Tensor operator()(const at::Tensor& ids_bl, const std::vector<std::int64_t>& lengths,
                        at::ScalarType compute = at::kFloat) const;

 private:
  Umt5Config config_;
  nn::Embedding shared_;
  std::deque<Umt5Block> blocks_;
  nn::Group block_list_, encoder_;
  nn::RmsNorm final_norm_;
};

}  // namespace hotshot::model
