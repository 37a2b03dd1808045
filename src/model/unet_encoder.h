// The half of Stable Diffusion's UNet that ControlNets copy: what the network is told, the way down and the middle.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "model/unet_blocks.h"
#include "model/unet_config.h"
#include "nn/conv2d.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

/// What the network is told beside its latents, for b clips.
struct UnetContext {
  at::Tensor text_bsd;     // [b, tokens, cross_attention_dim], any number of tokens
  at::Tensor pooled_bd;    // SDXL: the pooled text; undefined for networks without
  at::Tensor size_ids_bk;  // SDXL: original height and width, top and left of the crop, target height and width
  at::Tensor guidance_b;   // LCM: the guidance scale, 1 for none; undefined leaves it out

  /// Clips [first, first + count).
  UnetContext narrow(std::int64_t first, std::int64_t count) const;
};

/// Frames as pictures, those of a clip side by side: x_bcfhw → [b · f, c, h, w], channels-last.
at::Tensor fold_frames(const at::Tensor& x_bcfhw);
/// The inverse of fold_frames.
at::Tensor unfold_frames(const at::Tensor& x_nchw, std::int64_t frames);

/// Linear, SiLU, linear (diffusers TimestepEmbedding). Stays fp32.
class EmbeddingLayers : public nn::Module {
 public:
  /// `condition`: the width of a condition, 0 for none.
  EmbeddingLayers(std::int64_t in, std::int64_t out, std::int64_t condition);
  /// x_bd [b, in] → [b, out]. condition_bd is mapped to `in` values and added to x; it may be undefined.
  at::Tensor operator()(const at::Tensor& x_bd, const at::Tensor& condition_bd = {}) const;

 private:
  nn::Linear linear_1_;
  std::optional<nn::Linear> cond_proj_;
  nn::Linear linear_2_;
};

class UnetEncoder : public nn::Module {
 protected:
  /// `guidance`: sinusoids of the guidance scale, 0 for networks that are not told it.
  UnetEncoder(const UnetEncoderConfig& config, std::int64_t guidance);

  /// What blocks see, in the dtype of the latents. Throws InvalidArgument, "[where] …", for shapes that do not fit the
  /// config or each other.
  BlockContext block_context(const at::Tensor& latents_bcfhw, const at::Tensor& timestep_b, const UnetContext& context,
                             std::string_view where) const;

  /// From features_nchw, the convolved latents, to the features of the middle. Fills skips.
  at::Tensor encode(const at::Tensor& features_nchw, const BlockContext& context, Skips& skips) const;

  nn::Conv2d conv_in_;

 private:
  at::Tensor time_embedding(const at::Tensor& timestep_b, const UnetContext& context) const;

  UnetEncoderConfig config_;
  std::int64_t guidance_;
  EmbeddingLayers time_embedding_;
  std::optional<EmbeddingLayers> add_embedding_;
  std::deque<DownBlock> down_blocks_;
  nn::Group down_list_;
  MidBlock mid_block_;
};

}  // namespace hotshot::model
