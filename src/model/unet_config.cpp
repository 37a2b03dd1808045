#include "model/unet_config.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "model/config.h"
#include "model/temporal_transformer.h"

namespace hotshot::model {
namespace {

using nlohmann::json;

constexpr int kMostChannels = 1 << 16;

// Fields that this network has no choice in: a file may say so, but nothing else.
const std::pair<const char*, json> kFixed[] = {{"act_fn", "silu"},
                                               {"attention_type", "default"},
                                               {"center_input_sample", false},
                                               {"class_embeddings_concat", false},
                                               {"conv_in_kernel", 3},
                                               {"conv_out_kernel", 3},
                                               {"downsample_padding", 1},
                                               {"dropout", 0},
                                               {"dual_cross_attention", false},
                                               {"mid_block_only_cross_attention", false},
                                               {"mid_block_scale_factor", 1},
                                               {"only_cross_attention", false},
                                               {"resnet_out_scale_factor", 1},
                                               {"resnet_skip_time_act", false},
                                               {"resnet_time_scale_shift", "default"},
                                               {"time_embedding_type", "positional"}};

// Fields that change nothing here: scores are fp32 always, and only other additions than text_time have heads.
constexpr const char* kWithoutEffect[] = {"upcast_attention", "addition_embed_type_num_heads"};

constexpr const char* kPerBlock[] = {"layers_per_block", "attention_head_dim", "cross_attention_dim",
                                     "transformer_layers_per_block"};

bool is_all(const json& value, const json& wanted) {
  if (!value.is_array()) return value == wanted;
  return std::all_of(value.begin(), value.end(), [&](const json& element) { return element == wanted; });
}

// The config without fields that change nothing, and with lists where a single value may stand for one.
json plain_config(const json& config, std::string_view where) {
  require(config.is_object(), where, "expected a JSON object but got {}", config.type_name());
  json plain = config;
  for (const auto& [name, wanted] : kFixed) {
    const auto found = plain.find(name);
    if (found == plain.end()) continue;
    require(found->is_null() || is_all(*found, wanted), where, "expected {} to be {} but got {}", name, wanted.dump(),
            shown(*found));
    plain.erase(found);
  }
  for (const char* name : kWithoutEffect) plain.erase(name);
  for (const char* name : kPerBlock) {
    if (plain.contains(name) && plain[name].is_number()) plain[name] = json::array({plain[name]});
  }
  const bool without_middle = plain.contains("mid_block_type") && plain["mid_block_type"].is_null();
  require(!without_middle, where, "expected a mid_block_type but got null");
  return plain;
}

template <class Config>
Config read(const json& config, std::string_view where) {
  Config result;
  read_config(result.fields(), plain_config(config, where), where);
  result.settle(where);
  return result;
}

void per_block(std::vector<int>& values, std::size_t blocks, std::string_view name, std::string_view where) {
  if (values.size() == 1) values.resize(blocks, values.front());
  require(values.size() == blocks, where, "expected {} values in {}, one per block, but got {}", blocks, name,
          values.size());
}

void require_type(const std::string& type, std::string_view stem, bool video, std::string_view where) {
  const std::string suffix = video ? "3D" : "2D";
  require(type == fmt::format("{}{}", stem, suffix) || type == fmt::format("CrossAttn{}{}", stem, suffix), where,
          "expected {}{} or CrossAttn{}{} but got '{}'", stem, suffix, stem, suffix, type);
}

FieldList joined(FieldList fields, FieldList more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

}  // namespace

FieldList UnetEncoderConfig::fields() {
  return {{"in_channels", "latent channels in", &in_channels, {1, 1024}},
          {"block_out_channels", "channels of each block", &block_out_channels, {1, kMostChannels}},
          {"down_block_types", "kind of each block on the way down", &down_block_types},
          {"mid_block_type", "kind of the middle block", &mid_block_type},
          {"layers_per_block", "residual blocks of each block", &layers_per_block, {1, 100}},
          {"attention_head_dim", "heads of each block", &attention_head_dim, {1, 1024}},
          {"cross_attention_dim", "width of the text", &cross_attention_dim, {1, kMostChannels}},
          {"transformer_layers_per_block",
           "transformer blocks after each residual block",
           &transformer_layers_per_block,
           {0, 100}},
          {"use_linear_projection", "projections of transformers are matrices", &use_linear_projection},
          {"norm_num_groups", "groups of norms", &norm_num_groups, {1, kMostChannels}},
          {"norm_eps", "added to variances", &norm_eps, {0, 1}},
          {"flip_sin_to_cos", "cosines of the timestep come first", &flip_sin_to_cos},
          {"freq_shift", "shift of the timestep's frequencies", &freq_shift, {0, 1}},
          {"addition_embed_type", "what else is added to the time embedding", &addition_embed_type},
          {"addition_time_embed_dim", "sinusoids of each size id", &addition_time_embed_dim, {0, kMostChannels}},
          {"projection_class_embeddings_input_dim",
           "width of pooled text and size ids together",
           &projection_class_embeddings_input_dim,
           {0, 1 << 20}}};
}

void UnetEncoderConfig::settle(std::string_view where) {
  require(!block_out_channels.empty() && down_block_types.size() == blocks(), where,
          "expected as many block_out_channels as down_block_types, at least 1, but got {} and {}", blocks(),
          down_block_types.size());
  per_block(layers_per_block, blocks(), "layers_per_block", where);
  per_block(attention_head_dim, blocks(), "attention_head_dim", where);
  per_block(cross_attention_dim, blocks(), "cross_attention_dim", where);
  per_block(transformer_layers_per_block, blocks(), "transformer_layers_per_block", where);
  require(std::count(cross_attention_dim.begin(), cross_attention_dim.end(), cross_attention_dim.front()) ==
              static_cast<std::ptrdiff_t>(blocks()),
          where, "expected one width of text in cross_attention_dim but got several");
  for (const std::string& type : down_block_types) require_type(type, "DownBlock", is_video(), where);
  require(is_video() || mid_block_type == "UNetMidBlock2DCrossAttn" || mid_block_type == "UNetMidBlock2D", where,
          "expected mid_block_type UNetMidBlock2DCrossAttn, UNetMidBlock2D or UNetMidBlock3DCrossAttn but got '{}'",
          mid_block_type);
  for (std::size_t i = 0; i < blocks(); ++i) {
    require(channels(i) % norm_num_groups == 0 && channels(i) % attention_head_dim[i] == 0, where,
            "expected block_out_channels that are multiples of {} groups and {} heads but got {}", norm_num_groups,
            attention_head_dim[i], channels(i));
  }
  const auto fits_frames = [](int channels) { return channels % kTemporalGroups == 0; };
  require(!is_video() || std::all_of(block_out_channels.begin(), block_out_channels.end(), fits_frames), where,
          "expected block_out_channels that are multiples of {} for blocks in 3D", kTemporalGroups);
  require(channels(0) % 2 == 0, where, "expected an even number of channels in the first block but got {}",
          channels(0));
  require(addition_embed_type.empty() || has_text_time(), where,
          "expected addition_embed_type to be text_time or null but got '{}'", addition_embed_type);
  require(!has_text_time() || (addition_time_embed_dim > 0 && addition_time_embed_dim % 2 == 0 &&
                               projection_class_embeddings_input_dim > addition_time_embed_dim),
          where,
          "expected an even addition_time_embed_dim below projection_class_embeddings_input_dim but got {} and {}",
          addition_time_embed_dim, projection_class_embeddings_input_dim);
}

FieldList UnetConfig::fields() {
  return joined(UnetEncoderConfig::fields(),
                {{"sample_size", "latents of a side that it was trained at", &sample_size, {1, kMostChannels}},
                 {"out_channels", "latent channels out", &out_channels, {1, 1024}},
                 {"up_block_types", "kind of each block on the way up", &up_block_types},
                 {"time_cond_proj_dim", "sinusoids of the guidance scale", &time_cond_proj_dim, {0, kMostChannels}}});
}

const UnetConfig& UnetConfig::settle(std::string_view where) {
  UnetEncoderConfig::settle(where);
  require(up_block_types.size() == blocks(), where, "expected {} up_block_types, one per block, but got {}", blocks(),
          up_block_types.size());
  for (const std::string& type : up_block_types) require_type(type, "UpBlock", is_video(), where);
  require(time_cond_proj_dim % 2 == 0, where, "expected an even time_cond_proj_dim but got {}", time_cond_proj_dim);
  return *this;
}

json UnetConfig::to_json() const {
  json out = write_fields(UnetConfig(*this).fields());
  for (const char* name : {"addition_time_embed_dim", "projection_class_embeddings_input_dim", "time_cond_proj_dim"}) {
    if (out[name] == 0) out[name] = nullptr;
  }
  if (addition_embed_type.empty()) out["addition_embed_type"] = nullptr;
  out["_class_name"] = is_video() ? "UNet3DConditionModel" : "UNet2DConditionModel";
  return out;
}

UnetConfig UnetConfig::from_json(const json& config, std::string_view where) { return read<UnetConfig>(config, where); }

FieldList ControlNetConfig::fields() {
  return joined(
      UnetEncoderConfig::fields(),
      {{"conditioning_channels", "channels of the control picture", &conditioning_channels, {1, 1024}},
       {"conditioning_embedding_out_channels",
        "channels of its embedding, each but the first at half the size",
        &conditioning_embedding_out_channels,
        {1, kMostChannels}},
       {"controlnet_conditioning_channel_order", "order of its channels", &controlnet_conditioning_channel_order},
       {"global_pool_conditions", "residuals are averaged over the picture", &global_pool_conditions}});
}

const ControlNetConfig& ControlNetConfig::settle(std::string_view where) {
  UnetEncoderConfig::settle(where);
  require(!is_video(), where, "expected blocks in 2D but got '{}'", mid_block_type);
  require(!conditioning_embedding_out_channels.empty(), where, "expected conditioning_embedding_out_channels");
  const std::string& order = controlnet_conditioning_channel_order;
  require(order == "rgb" || order == "bgr", where,
          "expected controlnet_conditioning_channel_order rgb or bgr but got '{}'", order);
  return *this;
}

ControlNetConfig ControlNetConfig::from_json(const json& config, std::string_view where) {
  return read<ControlNetConfig>(config, where);
}

}  // namespace hotshot::model
