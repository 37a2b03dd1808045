#include <array>

#include "weights/names.h"
#include "weights/network_names.h"

namespace hotshot::weights {
namespace {

// Where the blocks stand. Upsamplers come first: they share a prefix with the attention in their place.
constexpr auto kBlocks = std::to_array<RenamePair>({
    {"time_embed.0.", "time_embedding.linear_1."},
    {"time_embed.2.", "time_embedding.linear_2."},
    {"label_emb.0.0.", "add_embedding.linear_1."},
    {"label_emb.0.2.", "add_embedding.linear_2."},
    {"input_blocks.0.0.", "conv_in."},
    {"out.0.", "conv_norm_out."},
    {"out.2.", "conv_out."},
    {"input_blocks.3.0.op.", "down_blocks.0.downsamplers.0.conv."},
    {"input_blocks.6.0.op.", "down_blocks.1.downsamplers.0.conv."},
    {"input_blocks.9.0.op.", "down_blocks.2.downsamplers.0.conv."},
    {"input_blocks.1.0.", "down_blocks.0.resnets.0."},
    {"input_blocks.1.1.", "down_blocks.0.attentions.0."},
    {"input_blocks.2.0.", "down_blocks.0.resnets.1."},
    {"input_blocks.2.1.", "down_blocks.0.attentions.1."},
    {"input_blocks.4.0.", "down_blocks.1.resnets.0."},
    {"input_blocks.4.1.", "down_blocks.1.attentions.0."},
    {"input_blocks.5.0.", "down_blocks.1.resnets.1."},
    {"input_blocks.5.1.", "down_blocks.1.attentions.1."},
    {"input_blocks.7.0.", "down_blocks.2.resnets.0."},
    {"input_blocks.7.1.", "down_blocks.2.attentions.0."},
    {"input_blocks.8.0.", "down_blocks.2.resnets.1."},
    {"input_blocks.8.1.", "down_blocks.2.attentions.1."},
    {"input_blocks.10.0.", "down_blocks.3.resnets.0."},
    {"input_blocks.10.1.", "down_blocks.3.attentions.0."},
    {"input_blocks.11.0.", "down_blocks.3.resnets.1."},
    {"input_blocks.11.1.", "down_blocks.3.attentions.1."},
    {"middle_block.0.", "mid_block.resnets.0."},
    {"middle_block.1.", "mid_block.attentions.0."},
    {"middle_block.2.", "mid_block.resnets.1."},
    {"output_blocks.2.1.conv.", "up_blocks.0.upsamplers.0.conv."},
    {"output_blocks.2.2.conv.", "up_blocks.0.upsamplers.0.conv."},
    {"output_blocks.5.2.conv.", "up_blocks.1.upsamplers.0.conv."},
    {"output_blocks.8.2.conv.", "up_blocks.2.upsamplers.0.conv."},
    {"output_blocks.0.0.", "up_blocks.0.resnets.0."},
    {"output_blocks.0.1.", "up_blocks.0.attentions.0."},
    {"output_blocks.1.0.", "up_blocks.0.resnets.1."},
    {"output_blocks.1.1.", "up_blocks.0.attentions.1."},
    {"output_blocks.2.0.", "up_blocks.0.resnets.2."},
    {"output_blocks.2.1.", "up_blocks.0.attentions.2."},
    {"output_blocks.3.0.", "up_blocks.1.resnets.0."},
    {"output_blocks.3.1.", "up_blocks.1.attentions.0."},
    {"output_blocks.4.0.", "up_blocks.1.resnets.1."},
    {"output_blocks.4.1.", "up_blocks.1.attentions.1."},
    {"output_blocks.5.0.", "up_blocks.1.resnets.2."},
    {"output_blocks.5.1.", "up_blocks.1.attentions.2."},
    {"output_blocks.6.0.", "up_blocks.2.resnets.0."},
    {"output_blocks.6.1.", "up_blocks.2.attentions.0."},
    {"output_blocks.7.0.", "up_blocks.2.resnets.1."},
    {"output_blocks.7.1.", "up_blocks.2.attentions.1."},
    {"output_blocks.8.0.", "up_blocks.2.resnets.2."},
    {"output_blocks.8.1.", "up_blocks.2.attentions.2."},
    {"output_blocks.9.0.", "up_blocks.3.resnets.0."},
    {"output_blocks.9.1.", "up_blocks.3.attentions.0."},
    {"output_blocks.10.0.", "up_blocks.3.resnets.1."},
    {"output_blocks.10.1.", "up_blocks.3.attentions.1."},
    {"output_blocks.11.0.", "up_blocks.3.resnets.2."},
    {"output_blocks.11.1.", "up_blocks.3.attentions.2."},
    // a ControlNet has these besides
    {"zero_convs.{}.0.", "controlnet_down_blocks.{}."},
    {"middle_block_out.0.", "controlnet_mid_block."},
    {"input_hint_block.0.", "controlnet_cond_embedding.conv_in."},
    {"input_hint_block.2.", "controlnet_cond_embedding.blocks.0."},
    {"input_hint_block.4.", "controlnet_cond_embedding.blocks.1."},
    {"input_hint_block.6.", "controlnet_cond_embedding.blocks.2."},
    {"input_hint_block.8.", "controlnet_cond_embedding.blocks.3."},
    {"input_hint_block.10.", "controlnet_cond_embedding.blocks.4."},
    {"input_hint_block.12.", "controlnet_cond_embedding.blocks.5."},
    {"input_hint_block.14.", "controlnet_cond_embedding.conv_out."},
});

// What is inside a residual block, once it stands where diffusers has it. Transformers are named alike.
constexpr auto kLayers = std::to_array<RenamePair>({
    {"{}.{}.resnets.{}.in_layers.0.", "{}.{}.resnets.{}.norm1."},
    {"{}.{}.resnets.{}.in_layers.2.", "{}.{}.resnets.{}.conv1."},
    {"{}.{}.resnets.{}.emb_layers.1.", "{}.{}.resnets.{}.time_emb_proj."},
    {"{}.{}.resnets.{}.out_layers.0.", "{}.{}.resnets.{}.norm2."},
    {"{}.{}.resnets.{}.out_layers.3.", "{}.{}.resnets.{}.conv2."},
    {"{}.{}.resnets.{}.skip_connection.", "{}.{}.resnets.{}.conv_shortcut."},
    {"mid_block.resnets.{}.in_layers.0.", "mid_block.resnets.{}.norm1."},
    {"mid_block.resnets.{}.in_layers.2.", "mid_block.resnets.{}.conv1."},
    {"mid_block.resnets.{}.emb_layers.1.", "mid_block.resnets.{}.time_emb_proj."},
    {"mid_block.resnets.{}.out_layers.0.", "mid_block.resnets.{}.norm2."},
    {"mid_block.resnets.{}.out_layers.3.", "mid_block.resnets.{}.conv2."},
});

}  // namespace

TensorMap unet_to_diffusers(TensorMap tensors) { return rename(rename(std::move(tensors), kBlocks), kLayers); }

std::string unet_to_diffusers(std::string_view name) { return renamed(renamed(name, kBlocks), kLayers); }

std::vector<std::string> sgm_unet_names(std::string_view name) {
  std::vector<std::string> layers = originals(name, kLayers);
  if (layers.empty()) layers.emplace_back(name);
  std::vector<std::string> names;
  for (const std::string& layer : layers)
    for (std::string& original : originals(layer, kBlocks)) names.push_back(std::move(original));
  return names;
}

}  // namespace hotshot::weights
