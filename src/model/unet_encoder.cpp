#include "model/unet_encoder.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "nn/timestep_embedding.h"

namespace hotshot::model {
namespace {

nn::LinearOptions embedding(std::int64_t in, std::int64_t out, bool bias) {
  return {.in = in, .out = out, .bias = bias, .keep_fp32 = true, .hidden = false};
}

// The guidance weight w = scale - 1 as Luo et al. 2023 (arXiv 2310.04378, section 4.2) embed it.
at::Tensor guidance_embedding(const at::Tensor& scale_b, std::int64_t size) {
  return nn::timestep_embedding((scale_b.to(at::kFloat) - 1) * 1000,
                                {.size = size, .cosines_first = false, .shift = 1});
}

void require_shape(const at::Tensor& x, at::IntArrayRef shape, std::string_view name, std::string_view where) {
  require(x.defined() && x.sizes() == shape, where, "expected {} of shape [{}] but got {}", name,
          fmt::join(shape, ", "), x.defined() ? fmt::format("[{}]", fmt::join(x.sizes(), ", ")) : "none");
}

// The second of the sizes of x, at least 1; `otherwise` where x has not `axes` of them.
std::int64_t second_size(const at::Tensor& x, std::int64_t axes, std::int64_t otherwise) {
  return x.defined() && x.dim() == axes ? std::max<std::int64_t>(x.size(1), 1) : otherwise;
}

}  // namespace

UnetContext UnetContext::narrow(std::int64_t first, std::int64_t count) const {
  const auto rows = [&](const at::Tensor& x) { return x.defined() ? x.narrow(0, first, count) : x; };
  return {rows(text_bsd), rows(pooled_bd), rows(size_ids_bk), rows(guidance_b)};
}

at::Tensor fold_frames(const at::Tensor& x_bcfhw) { return nn::channels_last(x_bcfhw.transpose(1, 2).flatten(0, 1)); }

at::Tensor unfold_frames(const at::Tensor& x_nchw, std::int64_t frames) {
  return x_nchw.unflatten(0, {-1, frames}).transpose(1, 2).contiguous();
}

EmbeddingLayers::EmbeddingLayers(std::int64_t in, std::int64_t out, std::int64_t condition)
    : linear_1_(embedding(in, out, /*bias=*/true)), linear_2_(embedding(out, out, /*bias=*/true)) {
  add_child("linear_1", linear_1_);
  if (condition > 0) add_child("cond_proj", cond_proj_.emplace(embedding(condition, in, /*bias=*/false)));
  add_child("linear_2", linear_2_);
}

at::Tensor EmbeddingLayers::operator()(const at::Tensor& x_bd, const at::Tensor& condition_bd) const {
  const at::Tensor x = condition_bd.defined() ? x_bd + (*cond_proj_)(condition_bd) : x_bd;
  return linear_2_(at::silu(linear_1_(x)));
}

UnetEncoder::UnetEncoder(const UnetEncoderConfig& c, std::int64_t guidance)
    : conv_in_({.in = c.in_channels, .out = c.channels(0), .padding = 1, .hidden = false}),
      config_(c),
      guidance_(guidance),
      time_embedding_(c.channels(0), c.time_embed_dim(), guidance),
      mid_block_(c) {
  add_child("conv_in", conv_in_);
  add_child("time_embedding", time_embedding_);
  if (c.has_text_time()) {
    add_child("add_embedding",
              add_embedding_.emplace(c.projection_class_embeddings_input_dim, c.time_embed_dim(), /*condition=*/0));
  }
  for (std::size_t i = 0; i < c.blocks(); ++i) down_list_.with(std::to_string(i), down_blocks_.emplace_back(c, i));
  add_child("down_blocks", down_list_);
  add_child("mid_block", mid_block_);
}

at::Tensor UnetEncoder::time_embedding(const at::Tensor& timestep_b, const UnetContext& context) const {
  const auto sinusoids = [&](const at::Tensor& x, std::int64_t size) {
    return nn::timestep_embedding(
        x, {.size = size, .cosines_first = config_.flip_sin_to_cos, .shift = static_cast<double>(config_.freq_shift)});
  };
  const bool told = guidance_ > 0 && context.guidance_b.defined();
  const at::Tensor time = time_embedding_(sinusoids(timestep_b, config_.channels(0)),
                                          told ? guidance_embedding(context.guidance_b, guidance_) : at::Tensor());
  if (!add_embedding_) return time;
  const at::Tensor sizes = sinusoids(context.size_ids_bk, config_.addition_time_embed_dim).flatten(1);
  return time + (*add_embedding_)(at::cat({context.pooled_bd.to(at::kFloat), sizes}, 1));
}

BlockContext UnetEncoder::block_context(const at::Tensor& latents, const at::Tensor& timestep_b,
                                        const UnetContext& context, std::string_view where) const {
  require(latents.dim() == 5 && latents.size(1) == config_.in_channels && latents.numel() > 0, where,
          "expected latents [clips, {}, frames, height, width] but got [{}]", config_.in_channels,
          fmt::join(latents.sizes(), ", "));
  const std::int64_t clips = latents.size(0), frames = latents.size(2);
  require(!config_.is_video() || frames <= kTemporalPositions, where, "expected at most {} frames but got {}",
          kTemporalPositions, frames);
  require_shape(timestep_b, {clips}, "timesteps", where);
  const std::int64_t tokens = second_size(context.text_bsd, 3, 77), ids = second_size(context.size_ids_bk, 2, 6);
  require_shape(context.text_bsd, {clips, tokens, config_.text_width()}, "text", where);
  if (guidance_ > 0 && context.guidance_b.defined()) require_shape(context.guidance_b, {clips}, "guidance", where);
  if (add_embedding_) {
    require_shape(context.size_ids_bk, {clips, ids}, "size ids", where);
    require_shape(context.pooled_bd,
                  {clips, config_.projection_class_embeddings_input_dim - ids * config_.addition_time_embed_dim},
                  "pooled text", where);
  }
  return {.time_be = at::silu(time_embedding(timestep_b, context)).to(latents.scalar_type()),
          .text_bsd = context.text_bsd.to(latents.scalar_type()),
          .frames = config_.is_video() ? frames : 1};
}

at::Tensor UnetEncoder::encode(const at::Tensor& features_nchw, const BlockContext& context, Skips& skips) const {
  at::Tensor x = features_nchw;
  skips.push_back(x);
  for (const DownBlock& block : down_blocks_) x = block(x, context, skips);
  return mid_block_(x, context);
}

}  // namespace hotshot::model
