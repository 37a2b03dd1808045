#include "model/wan_transformer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "kernel/attention.h"
#include "kernel/norm.h"
#include "kernel/rotary.h"
#include "nn/position_features.h"
#include "nn/timestep_embedding.h"

namespace hotshot::model {
namespace {

constexpr double kPositionStd = 0.1;  // with 4 waves about half of what unit noise makes of fresh patches

nn::LinearOptions zero_linear(std::int64_t in, std::int64_t out, bool hidden) {
  return {.in = in, .out = out, .weight_init = nn::Init::zeros(), .hidden = hidden};
}

}  // namespace

FieldList WanTransformerConfig::fields() {
  return {{"patch_size", "latents per patch in time, height and width", &patch_size, {1, 16}},
          {"num_attention_heads", "heads", &num_attention_heads, {1, 256}},
          {"attention_head_dim", "values per head, even", &attention_head_dim, {6, 512}},
          {"in_channels", "latent channels in", &in_channels, {1, 1024}},
          {"out_channels", "latent channels out", &out_channels, {1, 1024}},
          {"text_dim", "width of the text encoder", &text_dim, {1, 65536}},
          {"freq_dim", "sinusoids of the timestep, even", &freq_dim, {2, 65536}},
          {"ffn_dim", "width of the feed-forward layer", &ffn_dim, {1, 1 << 20}},
          {"num_layers", "blocks", &num_layers, {1, 1000}},
          {"cross_attn_norm", "normalise before cross-attention", &cross_attn_norm},
          {"qk_norm", "normalisation of queries and keys", &qk_norm},
          {"eps", "added to variances", &eps, {0, 1}},
          {"rope_max_seq_len", "longest axis", &rope_max_seq_len, {1, 1 << 20}},
          {"text_len", "tokens that texts are padded to, 0 for one more than they have", &text_len, {0, 4096}},
          {"pooled_text", "the mean of the text modulates the blocks", &pooled_text},
          {"position_waves", "waves per direction of absolute positions, 0 for none", &position_waves, {0, 64}}};
}

void WanTransformerConfig::validate(std::string_view where) const {
  require(patch_size.size() == 3, where, "expected 3 values in patch_size but got {}", patch_size.size());
  require(attention_head_dim % 2 == 0 && freq_dim % 2 == 0, where,
          "expected even attention_head_dim and freq_dim but got {} and {}", attention_head_dim, freq_dim);
  // Prompts are cut at 512 tokens.
  require(text_len == 0 || text_len >= 512, where, "expected text_len to be 0 or at least 512 but got {}", text_len);
  require(!pooled_text || text_len == 0, where, "expected text_len 0 where the text is pooled but got {}", text_len);
  require(qk_norm == "rms_norm_across_heads", where, "expected qk_norm rms_norm_across_heads but got '{}'", qk_norm);
}

std::string_view WanTransformerConfig::class_name() const {
  const WanTransformerConfig wan;
  const bool is_wan =
      text_len == wan.text_len && pooled_text == wan.pooled_text && position_waves == wan.position_waves;
  return is_wan ? "WanTransformer3DModel" : "HotshotTransformer3DModel";
}

nlohmann::json WanTransformerConfig::to_json() const {
  nlohmann::json json = write_fields(WanTransformerConfig(*this).fields());
  json["_class_name"] = class_name();
  return json;
}

TextContext pad_context(const at::Tensor& embeddings_bld, const std::vector<std::int64_t>& lengths,
                        std::int64_t total) {
  const std::int64_t batch = embeddings_bld.size(0), tokens = embeddings_bld.size(1);
  std::vector<float> log_padding;
  for (const std::int64_t length : lengths) {
    const std::int64_t padding = total == 0 ? 1 : total - length;
    require(length <= tokens && padding >= 0, "context", "expected at most {} text tokens but got {}",
            std::min(tokens, total), length);
    log_padding.push_back(std::log(static_cast<float>(padding)));  // -inf for none
  }
  const at::Tensor beyond_bl = at::arange(tokens).ge(at::tensor(lengths).unsqueeze(1));
  const at::Tensor bias_bl =
      at::cat({at::zeros({batch, tokens}, at::kFloat).masked_fill(beyond_bl, -std::numeric_limits<float>::infinity()),
               at::tensor(log_padding).unsqueeze(1)},
              1);
  const at::Tensor real = embeddings_bld * beyond_bl.logical_not().unsqueeze(2).to(embeddings_bld.options());
  const at::Tensor pad = at::zeros({batch, 1, embeddings_bld.size(2)}, embeddings_bld.options());
  return {at::cat({real, pad}, 1), bias_bl.to(embeddings_bld.device())};
}

at::Tensor mean_of_tokens(const TextContext& context) {
  const at::Tensor sum_bd = context.embeddings_bld.to(at::kFloat).sum(1);
  if (!context.bias_bl.defined()) return sum_bd / context.embeddings_bld.size(1);
  return sum_bd / context.bias_bl.isfinite().sum(1, /*keepdim=*/true);
}

WanAttention::WanAttention(const WanTransformerConfig& c, bool zero_out)
    : heads_(c.num_attention_heads),
      head_size_(c.attention_head_dim),
      to_q_({.in = c.inner_dim(), .out = c.inner_dim()}),
      to_k_({.in = c.inner_dim(), .out = c.inner_dim()}),
      to_v_({.in = c.inner_dim(), .out = c.inner_dim()}),
      to_out_(zero_out ? zero_linear(c.inner_dim(), c.inner_dim(), /*hidden=*/true)
                       : nn::LinearOptions{.in = c.inner_dim(), .out = c.inner_dim()}),
      norm_q_(c.inner_dim(), c.eps),
      norm_k_(c.inner_dim(), c.eps) {
  add_child("to_q", to_q_);
  add_child("to_k", to_k_);
  add_child("to_v", to_v_);
  add_child("to_out", out_.with("0", to_out_));
  add_child("norm_q", norm_q_);
  add_child("norm_k", norm_k_);
}

at::Tensor WanAttention::operator()(const at::Tensor& x_bld, const at::Tensor& context_bsd, const at::Tensor& rotary,
                                    const at::Tensor& bias_bs, const kernel::Residual& to) const {
  const auto split_heads = [&](const at::Tensor& y) { return y.unflatten(-1, {heads_, head_size_}); };
  at::Tensor q_blhd = split_heads(norm_q_(to_q_(x_bld)));
  at::Tensor k_bshd = split_heads(norm_k_(to_k_(context_bsd)));
  const at::Tensor v_bshd = split_heads(to_v_(context_bsd));
  if (rotary.defined()) {
    q_blhd = kernel::rotate(q_blhd, rotary);
    k_bshd = kernel::rotate(k_bshd, rotary);
  }
  const at::Tensor bias = bias_bs.defined() ? bias_bs.unsqueeze(1).unsqueeze(1) : at::Tensor();
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_size_));
  return to_out_(kernel::attention(q_blhd, k_bshd, v_bshd, scale, bias).reshape(to.x.sizes()), to);
}

WanBlock::WanBlock(const WanTransformerConfig& c)
    : eps_(c.eps),
      scale_shift_table_(add_parameter("scale_shift_table", {1, 6, c.inner_dim()}, nn::Init::zeros(), true)),
      attn1_(c, /*zero_out=*/false),
      attn2_(c, /*zero_out=*/true),
      ffn_in_({.in = c.inner_dim(), .out = c.ffn_dim}),
      ffn_out_({.in = c.ffn_dim, .out = c.inner_dim()}) {
  add_child("attn1", attn1_);
  add_child("attn2", attn2_);
  if (c.cross_attn_norm) add_child("norm2", norm2_.emplace(c.inner_dim(), c.eps));
  add_child("ffn", ffn_.with("net", net_.with("0", net0_.with("proj", ffn_in_)).with("2", ffn_out_)));
}

at::Tensor WanBlock::operator()(const at::Tensor& x_bld, const TextContext& context, const at::Tensor& modulation_gkd,
                                const at::Tensor& rotary) const {
  // Shift, scale, gate for each of two, [g, 1, d].
  const auto parts = (scale_shift_table_.tensor + modulation_gkd).unsqueeze(2).unbind(1);
  const auto in_groups = [&](const at::Tensor& x) { return x.reshape({parts[0].size(0), -1, x.size(-1)}); };
  const auto whole = [&](const at::Tensor& x) { return x.reshape(x_bld.sizes()); };
  at::Tensor x = in_groups(x_bld);
  const at::Tensor attended = whole(kernel::layer_norm_modulate(x, parts[0], parts[1], eps_));
  x = attn1_(attended, attended, rotary, {}, {x, parts[2]});
  x = attn2_(whole(norm2_ ? (*norm2_)(x) : x), context.embeddings_bld, {}, context.bias_bl, {x, {}});
  const at::Tensor fed = kernel::layer_norm_modulate(x, parts[3], parts[4], eps_);
  return whole(ffn_out_(ffn_in_.then_gelu(fed), {x, parts[5]}));
}

WanTransformer::WanTransformer(WanTransformerConfig config)
    : config_((config.validate("transformer config"), std::move(config))),
      scale_shift_table_(add_parameter("scale_shift_table", {1, 2, config_.inner_dim()}, nn::Init::zeros(), true)),
      patch_embedding_(config_.in_channels, config_.inner_dim(),
                       {config_.patch_size[0], config_.patch_size[1], config_.patch_size[2]}),
      time_1_({.in = config_.freq_dim, .out = config_.inner_dim(), .keep_fp32 = true, .hidden = false}),
      time_2_({.in = config_.inner_dim(), .out = config_.inner_dim(), .keep_fp32 = true, .hidden = false}),
      time_proj_(zero_linear(config_.inner_dim(), 6 * config_.inner_dim(), /*hidden=*/false)),
      text_1_({.in = config_.text_dim, .out = config_.inner_dim()}),
      text_2_({.in = config_.inner_dim(), .out = config_.inner_dim()}),
      proj_out_(
          zero_linear(config_.inner_dim(),
                      config_.out_channels * config_.patch_size[0] * config_.patch_size[1] * config_.patch_size[2],
                      /*hidden=*/false)) {
  add_child("patch_embedding", patch_embedding_);
  if (config_.position_waves > 0) {
    position_embedding_.emplace(nn::LinearOptions{.in = nn::kWaveDirections * 2 * config_.position_waves,
                                                  .out = config_.inner_dim(),
                                                  .bias = false,
                                                  .weight_init = nn::Init::normal(kPositionStd),
                                                  .hidden = false});
    add_child("position_embedding", *position_embedding_);
  }
  time_embedder_.with("linear_1", time_1_).with("linear_2", time_2_);
  text_embedder_.with("linear_1", text_1_).with("linear_2", text_2_);
  condition_.with("time_embedder", time_embedder_).with("time_proj", time_proj_).with("text_embedder", text_embedder_);
  if (config_.pooled_text) {
    condition_.with("pooled_text",
                    pooled_text_.emplace(zero_linear(config_.text_dim, config_.inner_dim(), /*hidden=*/false)));
  }
  add_child("condition_embedder", condition_);
  for (int i = 0; i < config_.num_layers; ++i) block_list_.with(std::to_string(i), blocks_.emplace_back(config_));
  add_child("blocks", block_list_);
  add_child("proj_out", proj_out_);
}

at::Tensor WanTransformer::unpatch(const at::Tensor& x_bld, at::IntArrayRef grid) const {
  const auto& p = config_.patch_size;
  return x_bld.reshape({x_bld.size(0), grid[0], grid[1], grid[2], p[0], p[1], p[2], config_.out_channels})
      .permute({0, 7, 1, 4, 2, 5, 3, 6})
      .reshape({x_bld.size(0), config_.out_channels, grid[0] * p[0], grid[1] * p[1], grid[2] * p[2]});
}

at::Tensor WanTransformer::operator()(const at::Tensor& latents_bcthw, const at::Tensor& timesteps,
                                      const TextContext& context) const {
  const auto& p = config_.patch_size;
  const std::int64_t grid[] = {latents_bcthw.size(2) / p[0], latents_bcthw.size(3) / p[1],
                               latents_bcthw.size(4) / p[2]};
  for (int axis = 0; axis < 3; ++axis) {
    require(latents_bcthw.size(2 + axis) == grid[axis] * p[axis] && grid[axis] >= 1, "transformer",
            "expected axis {} in multiples of {} latents but got {}", axis, p[axis], latents_bcthw.size(2 + axis));
    require(grid[axis] <= config_.rope_max_seq_len, "transformer",
            "expected at most {} patches along an axis but got {}", config_.rope_max_seq_len, grid[axis]);
  }
  const std::int64_t groups = timesteps.dim() > 1 ? timesteps.size(1) : 1, tokens = grid[0] * grid[1] * grid[2];
  require(timesteps.size(0) == latents_bcthw.size(0) && groups >= 1 && tokens % groups == 0, "transformer",
          "expected times for {} clips in groups that divide {} patches but got {}x{}", latents_bcthw.size(0), tokens,
          timesteps.size(0), groups);
  const at::ScalarType dtype = latents_bcthw.scalar_type();
  const at::Tensor rotary =
      kernel::rotary_table(grid[0], grid[1], grid[2], config_.attention_head_dim).to(latents_bcthw.device());
  const at::Tensor waves = nn::timestep_embedding(timesteps.flatten(), {.size = config_.freq_dim});
  at::Tensor time_gd = time_2_(at::silu(time_1_(waves))).to(dtype);
  if (pooled_text_) {
    const at::Tensor texts_bd = (*pooled_text_)(mean_of_tokens(context).to(dtype));
    time_gd = time_gd + texts_bd.repeat_interleave(groups, 0);
  }
  const at::Tensor modulation_gkd =
      time_proj_(at::silu(time_gd)).to(at::kFloat).unflatten(-1, {6, config_.inner_dim()});
  const TextContext text{text_2_(text_1_.then_gelu(context.embeddings_bld.to(dtype))), context.bias_bl};

  at::Tensor x_bld = patch_embedding_(latents_bcthw);
  if (position_embedding_) {
    const at::Tensor places = nn::position_features(grid[0], grid[1], grid[2], config_.position_waves);
    x_bld = x_bld + (*position_embedding_)(places.to(x_bld.options()));
  }
  for (const WanBlock& block : blocks_) x_bld = block(x_bld, text, modulation_gkd, rotary);

  const auto parts = (scale_shift_table_.tensor + time_gd.to(at::kFloat).unsqueeze(1)).unsqueeze(2).unbind(1);
  const at::Tensor x_gld = x_bld.reshape({parts[0].size(0), -1, x_bld.size(-1)});
  const at::Tensor normed = kernel::layer_norm_modulate(x_gld, parts[0], parts[1], config_.eps);
  return unpatch(proj_out_(normed.reshape(x_bld.sizes())), grid);
}

}  // namespace hotshot::model
