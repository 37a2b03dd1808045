// The text towers of CLIP (Radford et al. 2021, arXiv 2103.00020) and OpenCLIP, as transformers names them:
// CLIPTextModel (SD 1.5, SD 2, the first tower of SDXL) and CLIPTextModelWithProjection (the second tower of SDXL).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

/// The fields of transformers' config.json that shape the tower, with its defaults.
struct ClipTextConfig {
  int vocab_size = 49408;
  int hidden_size = 512;
  int intermediate_size = 2048;
  int projection_dim = 512;
  int num_hidden_layers = 12;
  int num_attention_heads = 8;
  int max_position_embeddings = 77;
  std::string hidden_act = "quick_gelu";
  double layer_norm_eps = 1e-5;
  int eos_token_id = 49407;

  FieldList fields();
  void validate(std::string_view where) const;
  /// With the class and token ids that transformers wants to find.
  nlohmann::json to_json(std::string_view class_name) const;
};

class ClipTextLayer : public nn::Module {
 public:
  explicit ClipTextLayer(const ClipTextConfig& config);
  /// mask_ll fp32, 0 where the key may be seen and -inf elsewhere.
  at::Tensor operator()(const at::Tensor& x_bld, const at::Tensor& mask_ll) const;

 private:
  std::int64_t heads_, head_size_;
  at::Tensor (*activation_)(const at::Tensor& x);
  nn::LayerNorm layer_norm1_, layer_norm2_;
  nn::Linear q_proj_, k_proj_, v_proj_, out_proj_, fc1_, fc2_;
  nn::Group self_attn_, mlp_;
};

struct ClipTextOutput {
  /// The embeddings, then the output of every layer: num_hidden_layers + 1 tensors [b, l, d], before the final norm.
  std::vector<at::Tensor> hidden_bld;
  at::Tensor last_bld;   // the last of them after the final norm
  at::Tensor pooled_bd;  // its row at the end of the text

  /// The hidden states before the last `skipped` layers ("clip skip"): 0 ≤ skipped ≤ layers. SDXL sees those of 1.
  const at::Tensor& hidden(int skipped) const;
};

class ClipTextModel : public nn::Module {
 public:
  explicit ClipTextModel(ClipTextConfig config);

  const ClipTextConfig& config() const { return config_; }

  /// ids_bl int64 [b, l], l ≤ max_position_embeddings, each row with an end of the text; computed and returned in
  /// `compute`. Every token sees those before it and itself. The text ends at the first eos_token_id; where that is 2,
  /// as in old configs, at the highest id of the vocabulary, which is the same.
  ClipTextOutput operator()(const at::Tensor& ids_bl, at::ScalarType compute = at::kFloat) const;

  /// The final norm of any hidden states: SD 1.5 applies it after skipping layers too.
  at::Tensor final_norm(const at::Tensor& hidden_bld) const { return final_layer_norm_(hidden_bld); }

  /// Textual inversion: vectors_nd [n, hidden_size] become the ids vocab_size …, after those appended before. Returns
  /// the first of them.
  std::int64_t append_tokens(const at::Tensor& vectors_nd);

 private:
  std::vector<std::int64_t> end_positions(const at::Tensor& ids_bl) const;

  ClipTextConfig config_;
  nn::Embedding token_embedding_, position_embedding_;
  std::deque<ClipTextLayer> layers_;
  nn::LayerNorm final_layer_norm_;
  nn::Group embeddings_, layer_list_, encoder_, text_model_;
};

class ClipTextModelWithProjection : public ClipTextModel {
 public:
  explicit ClipTextModelWithProjection(ClipTextConfig config);

  /// pooled_bd → [b, projection_dim], what SDXL calls the pooled text.
  at::Tensor project(const at::Tensor& pooled_bd) const { return text_projection_(pooled_bd); }

 private:
  nn::Linear text_projection_;
};

/// Emphasis: every embedding times its weight, then each row of the batch is scaled to the mean it had before
/// (AUTOMATIC1111's rule, which keeps the overall strength of the text). Rows whose weights are all 1 stay untouched. A
/// factor that is negative, or above 10, comes from means near 0, which say nothing; it is left out. embeddings_bld,
/// weights_bl fp32 [b, l].
at::Tensor weigh_tokens(const at::Tensor& embeddings_bld, const at::Tensor& weights_bl);

}  // namespace hotshot::model
