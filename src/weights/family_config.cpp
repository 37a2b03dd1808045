#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "weights/family.h"

namespace hotshot::weights {
namespace {

using nlohmann::json;

constexpr std::string_view kDiffusersVersion = "0.21.4";  // the first whose folders have all these fields

json class_header(std::string_view name) { return {{"_class_name", name}, {"_diffusers_version", kDiffusersVersion}}; }

// A list, or its value where all are equal: as the published files do.
json compact(const std::vector<int>& values) {
  const bool equal = std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end();
  return equal ? json(values.front()) : json(values);
}

json unet_config(const Family& family) {
  const UnetShape& unet = family.unet;
  const std::string_view axes = family.temporal ? "3D" : "2D";
  std::vector<std::string> down;
  std::vector<int> depth;
  for (const int blocks : unet.depth) {
    down.push_back(fmt::format("{}DownBlock{}", blocks > 0 ? "CrossAttn" : "", axes));
    depth.push_back(std::max(blocks, 1));
  }
  std::vector<std::string> up;
  for (auto blocks = unet.depth.rbegin(); blocks != unet.depth.rend(); ++blocks)
    up.push_back(fmt::format("{}UpBlock{}", *blocks > 0 ? "CrossAttn" : "", axes));
  json config = class_header(family.temporal ? "UNet3DConditionModel" : "UNet2DConditionModel");
  config.update({{"sample_size", family.sample_size},
                 {"in_channels", unet.in_channels},
                 {"out_channels", unet.out_channels},
                 {"block_out_channels", unet.channels},
                 {"down_block_types", down},
                 {"mid_block_type", fmt::format("UNetMidBlock{}CrossAttn", axes)},
                 {"up_block_types", up},
                 {"layers_per_block", 2},
                 {"attention_head_dim", compact(unet.heads)},
                 {"cross_attention_dim", unet.text_width},
                 {"use_linear_projection", unet.linear_projection},
                 {"act_fn", "silu"},
                 {"norm_num_groups", 32},
                 {"norm_eps", 1e-5},
                 {"center_input_sample", false},
                 {"downsample_padding", 1},
                 {"flip_sin_to_cos", true},
                 {"freq_shift", 0},
                 {"mid_block_scale_factor", 1}});
  if (compact(depth) != 1) config["transformer_layers_per_block"] = depth;
  if (unet.added_width > 0) {
    constexpr int kSizeFeatures = 256;
    config.update({{"addition_embed_type", "text_time"},
                   {"addition_time_embed_dim", kSizeFeatures},
                   {"projection_class_embeddings_input_dim", unet.added_width}});
  }
  return config;
}

// A ControlNet's encoder is that of its UNet, and it speaks of the same fields.
json controlnet_config(const Family& family) {
  json config = unet_config(family);
  for (const char* field : {"out_channels", "up_block_types", "center_input_sample", "sample_size"})
    config.erase(field);
  config.update({{"_class_name", "ControlNetModel"},
                 {"conditioning_embedding_out_channels", {16, 32, 96, 256}},
                 {"controlnet_conditioning_channel_order", "rgb"},
                 {"global_pool_conditions", false}});
  return config;
}

json vae_config(const Family& family) {
  const std::size_t levels = family.vae.channels.size();
  json config = class_header("AutoencoderKL");
  config.update({{"sample_size", 8 * family.sample_size},
                 {"in_channels", 3},
                 {"out_channels", 3},
                 {"latent_channels", family.vae.latent_channels},
                 {"block_out_channels", family.vae.channels},
                 {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
                 {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")},
                 {"layers_per_block", 2},
                 {"act_fn", "silu"},
                 {"norm_num_groups", 32},
                 {"scaling_factor", family.latent_scale},
                 {"force_upcast", family.vae_overflows_fp16}});
  return config;
}

std::string_view clip_class(const ClipShape& clip) {
  return clip.projection > 0 ? "CLIPTextModelWithProjection" : "CLIPTextModel";
}

json clip_config(const ClipShape& clip) {
  return {{"architectures", json::array({clip_class(clip)})},
          {"model_type", "clip_text_model"},
          {"attention_dropout", 0.0},
          {"bos_token_id", 0},
          {"eos_token_id", 2},  // an old value that transformers takes as: pool at the token of the highest id
          {"pad_token_id", 1},
          {"hidden_act", clip.activation},
          {"hidden_size", clip.width},
          {"initializer_factor", 1.0},
          {"initializer_range", 0.02},
          {"intermediate_size", 4 * clip.width},
          {"layer_norm_eps", 1e-5},
          {"max_position_embeddings", clip.positions},
          {"num_attention_heads", clip.heads},
          {"num_hidden_layers", clip.layers},
          {"projection_dim", clip.projection > 0 ? clip.projection : clip.width},
          {"vocab_size", clip.vocabulary}};
}

std::string_view scheduler_class(const Family& family) {
  return family.temporal ? "EulerAncestralDiscreteScheduler" : "EulerDiscreteScheduler";
}

std::string pipeline_class(const Family& family) {
  if (family.temporal) return "HotshotXLPipeline";
  return fmt::format("StableDiffusion{}{}Pipeline", family.unet.added_width > 0 ? "XL" : "",
                     family.unet.in_channels > 4 ? "Inpaint" : "");
}

}  // namespace

json part_config(const Family& family, std::string_view part) {
  if (part == "unet") return unet_config(family);
  if (part == "controlnet") return controlnet_config(family);
  if (part == "vae") return vae_config(family);
  return clip_config(family.text_encoders.at(part == "text_encoder" ? 0 : 1));
}

json scheduler_config(const Family& family, const Prediction& prediction) {
  json config = class_header(scheduler_class(family));
  config.update({{"num_train_timesteps", 1000},
                 {"beta_schedule", "scaled_linear"},
                 {"beta_start", 0.00085},
                 {"beta_end", 0.012},
                 {"trained_betas", nullptr},
                 {"clip_sample", false},
                 {"set_alpha_to_one", false},
                 {"steps_offset", 1},
                 {"prediction_type", prediction.velocity ? "v_prediction" : "epsilon"},
                 {"timestep_spacing", prediction.zero_terminal ? "trailing" : "leading"},
                 {"rescale_betas_zero_snr", prediction.zero_terminal}});
  return config;
}

json model_index(const Family& family) {
  json index = class_header(pipeline_class(family));
  index["scheduler"] = {"diffusers", scheduler_class(family)};
  index["unet"] = family.temporal ? json{"hotshot_xl.models.unet", "UNet3DConditionModel"}
                                  : json{"diffusers", "UNet2DConditionModel"};
  index["vae"] = {"diffusers", "AutoencoderKL"};
  for (std::size_t i = 0; i < family.text_encoders.size(); ++i) {
    const std::string suffix = i == 0 ? "" : fmt::format("_{}", i + 1);
    index["text_encoder" + suffix] = {"transformers", clip_class(family.text_encoders[i])};
    index["tokenizer" + suffix] = {"transformers", "CLIPTokenizer"};
  }
  if (family.unet.added_width > 0) {
    index["force_zeros_for_empty_prompt"] = true;
  } else {
    index["safety_checker"] = {nullptr, nullptr};
    index["feature_extractor"] = {nullptr, nullptr};
    index["requires_safety_checker"] = false;
  }
  return index;
}

}  // namespace hotshot::weights
