// The diffusion transformer of Wan 2.1 and 2.2 (diffusers WanTransformer3DModel; Wan Team 2025, arXiv 2503.20314,
// section 4.2): patches of latents attend to each other with 3-D rotary positions and to the text, modulated by time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

/// diffusers' config.json of WanTransformer3DModel, with its names and defaults.
struct WanTransformerConfig {
  std::vector<int> patch_size{1, 2, 2};
  int num_attention_heads = 40;
  int attention_head_dim = 128;
  int in_channels = 16;
  int out_channels = 16;
  int text_dim = 4096;
  int freq_dim = 256;
  int ffn_dim = 13824;
  int num_layers = 40;
  bool cross_attn_norm = true;
  std::string qk_norm = "rms_norm_across_heads";
  double eps = 1e-6;
  int rope_max_seq_len = 1024;
  int text_len = 512;  // Wan's own name: tokens that texts are padded to with zeros; 0: one of them after each text
  /// Ours alone: waves per direction of absolute positions (nn/position_features.h) that patches are told; 0 for none,
  /// as in Wan, whose rotary positions tell patches their distances.
  int position_waves = 0;
  /// Ours alone: the mean of the text's tokens joins the time in modulating every block (Peebles & Xie 2023,
  /// section 3.2, adaLN), beside cross-attention. Needs a text_len of 0.
  bool pooled_text = false;

  FieldList fields();
  void validate(std::string_view where) const;
  nlohmann::json to_json() const;
  /// Of diffusers where it computes the same, else our own, which it refuses.
  std::string_view class_name() const;
  std::int64_t inner_dim() const { return static_cast<std::int64_t>(num_attention_heads) * attention_head_dim; }
};

/// Text as cross-attention sees it: embeddings_bld and the bias_bl (fp32, undefined for none) added to the scores of
/// each key, -inf for keys that do not exist.
struct TextContext {
  at::Tensor embeddings_bld;
  at::Tensor bias_bl;
};

/// Wan pads every text with zero vectors to `total` tokens and attends to all of them. Equal keys weigh as much as one
/// key with the logarithm of their number added to its score, so the padding is one token here, at any `total`; with a
/// `total` of 0 it is one token indeed.
/// embeddings_bld [b, n, d] with lengths[b] real tokens each (the rest is ignored) → n + 1 tokens.
TextContext pad_context(const at::Tensor& embeddings_bld, const std::vector<std::int64_t>& lengths,
                        std::int64_t total = 512);

/// Over the keys that exist, padding among them: [b, d], fp32. Those that do not exist must be zeros.
at::Tensor mean_of_tokens(const TextContext& context);

class WanAttention : public nn::Module {
 public:
  WanAttention(const WanTransformerConfig& config, bool zero_out);
  /// Added to `to`, whose shape the result has. context_bsd is x itself for self-attention. `rotary` (see
  /// kernel/rotary.h) and `bias_bs` may be undefined.
  at::Tensor operator()(const at::Tensor& x_bld, const at::Tensor& context_bsd, const at::Tensor& rotary,
                        const at::Tensor& bias_bs, const kernel::Residual& to) const;

 private:
  std::int64_t heads_, head_size_;
  nn::Linear to_q_, to_k_, to_v_, to_out_;
  nn::RmsNorm norm_q_, norm_k_;
  nn::Group out_;
};

class WanBlock : public nn::Module {
 public:
  explicit WanBlock(const WanTransformerConfig& config);
  /// modulation_gkd: fp32 [g, 6, d], of g equal runs of all tokens, g a multiple of b.
  at::Tensor operator()(const at::Tensor& x_bld, const TextContext& context, const at::Tensor& modulation_gkd,
                        const at::Tensor& rotary) const;

 private:
  double eps_;
  nn::Parameter& scale_shift_table_;
  WanAttention attn1_, attn2_;
  std::optional<nn::LayerNorm> norm2_;
  nn::Linear ffn_in_, ffn_out_;
  nn::Group ffn_, net_, net0_;
};

class WanTransformer : public nn::Module {
 public:
  explicit WanTransformer(WanTransformerConfig config);

  const WanTransformerConfig& config() const { return config_; }

  /// Velocity of latents_bcthw [b, in_channels, t, h, w] at `timesteps` (fp32, 0 to 1000): [b], or [b, g] with one for
  /// each of g equal runs of patches, which come frame by frame: g may be the number of frames of patches, or of
  /// patches. Computes in the dtype of latents_bcthw; returns [b, out_channels, t, h, w] in it. Throws InvalidArgument.
  at::Tensor operator()(const at::Tensor& latents_bcthw, const at::Tensor& timesteps, const TextContext& context) const;

 private:
  at::Tensor unpatch(const at::Tensor& x_bld, at::IntArrayRef grid) const;

  WanTransformerConfig config_;
  nn::Parameter& scale_shift_table_;
  nn::PatchEmbedding patch_embedding_;
  std::optional<nn::Linear> position_embedding_, pooled_text_;
  nn::Linear time_1_, time_2_, time_proj_, text_1_, text_2_, proj_out_;
  nn::Group condition_, time_embedder_, text_embedder_, block_list_;
  std::deque<WanBlock> blocks_;
};

}  // namespace hotshot::model
