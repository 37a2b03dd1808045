// The many names of the image networks' parameters → the ones diffusers and transformers save today. Names that are
// known already stay, so every function may be given a file of any age.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weights/safetensors.h"

namespace hotshot::weights {

/// UNet or ControlNet, from the names of the original code (SGM, before it LDM): input_blocks.4.1.… →
/// down_blocks.1.attentions.0.… One table serves SD 1.5, SD 2 and SDXL: all have two residual blocks per level.
TensorMap unet_to_diffusers(TensorMap tensors);
std::string unet_to_diffusers(std::string_view name);
/// What a parameter may be called in the original code, where it is another name.
std::vector<std::string> sgm_unet_names(std::string_view name);

/// AutoencoderKL of four levels, from the names of the original code or of early diffusers (query, proj_attn).
/// Attention weights that were 1×1 convolutions become matrices. What training left (loss.…, model_ema.…) is dropped.
TensorMap vae_to_diffusers(TensorMap tensors);
std::string vae_to_diffusers(std::string_view name);

/// CLIP in transformers' names, with or without "text_model." in front. position_ids, a constant, are dropped.
TensorMap clip_to_diffusers(TensorMap tensors);

/// CLIP in OpenCLIP's names: queries, keys and values are split, the text projection is transposed (views of the
/// file's memory); logit_scale, which only training needs, is dropped.
TensorMap open_clip_to_diffusers(TensorMap tensors);

}  // namespace hotshot::weights
