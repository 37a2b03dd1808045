// The config.json files of diffusers' UNet2DConditionModel, Hotshot-XL's UNet3DConditionModel and ControlNetModel.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"

namespace hotshot::model {

/// What shapes the half of a UNet that ControlNets have too, with diffusers' names and defaults. Lists have one value
/// per block, highest resolution first; in a file a single value stands for all.
struct UnetEncoderConfig {
  int in_channels = 4;
  std::vector<int> block_out_channels{320, 640, 1280, 1280};
  std::vector<std::string> down_block_types{"CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                                            "DownBlock2D"};
  std::string mid_block_type = "UNetMidBlock2DCrossAttn";
  std::vector<int> layers_per_block{2};
  std::vector<int> attention_head_dim{8};  // the number of heads, whatever its name says
  std::vector<int> cross_attention_dim{1280};
  std::vector<int> transformer_layers_per_block{1};
  bool use_linear_projection = false;
  int norm_num_groups = 32;
  double norm_eps = 1e-5;
  bool flip_sin_to_cos = true;
  int freq_shift = 0;
  std::string addition_embed_type;  // "text_time": pooled text and size ids are added to the time embedding
  int addition_time_embed_dim = 0;
  int projection_class_embeddings_input_dim = 0;

  std::size_t blocks() const { return block_out_channels.size(); }
  std::int64_t channels(std::size_t block) const { return block_out_channels[block]; }
  std::int64_t time_embed_dim() const { return 4 * channels(0); }
  std::int64_t text_width() const { return cross_attention_dim.front(); }
  bool has_text_time() const { return addition_embed_type == "text_time"; }
  /// Hotshot-XL's blocks: norms share their statistics over the frames of a clip, and transformers attend over them.
  bool is_video() const { return mid_block_type == "UNetMidBlock3DCrossAttn"; }

  FieldList fields();
  /// Repeats single values for every block, then throws InvalidArgument, "[where] …", for what does not fit together.
  void settle(std::string_view where);
};

struct UnetConfig : UnetEncoderConfig {
  int sample_size = 64;  // latents of a side that the model was trained at
  int out_channels = 4;
  std::vector<std::string> up_block_types{"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                                          "CrossAttnUpBlock2D"};
  int time_cond_proj_dim = 0;  // sinusoids of the guidance scale that distilled models (LCM) are told; 0 for others

  FieldList fields();
  /// As above; returns itself.
  const UnetConfig& settle(std::string_view where);
  nlohmann::json to_json() const;
  static UnetConfig from_json(const nlohmann::json& json, std::string_view where);
};

struct ControlNetConfig : UnetEncoderConfig {
  int conditioning_channels = 3;
  std::vector<int> conditioning_embedding_out_channels{16, 32, 96, 256};
  std::string controlnet_conditioning_channel_order = "rgb";  // or "bgr": what the network was trained on
  bool global_pool_conditions = false;                        // residuals are averaged over the picture

  FieldList fields();
  /// As above; returns itself.
  const ControlNetConfig& settle(std::string_view where);
  static ControlNetConfig from_json(const nlohmann::json& json, std::string_view where);
};

}  // namespace hotshot::model
