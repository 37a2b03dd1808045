#include <ATen/core/Tensor.h>

#include <array>

#include "weights/names.h"
#include "weights/network_names.h"

namespace hotshot::weights {
namespace {

// The decoder's levels are counted from the coarsest in diffusers, from the finest in the original.
constexpr auto kBlocks = std::to_array<RenamePair>({
    {"encoder.down.{}.block.{}.", "encoder.down_blocks.{}.resnets.{}."},
    {"encoder.down.{}.downsample.conv.", "encoder.down_blocks.{}.downsamplers.0.conv."},
    {"decoder.up.3.block.{}.", "decoder.up_blocks.0.resnets.{}."},
    {"decoder.up.3.upsample.conv.", "decoder.up_blocks.0.upsamplers.0.conv."},
    {"decoder.up.2.block.{}.", "decoder.up_blocks.1.resnets.{}."},
    {"decoder.up.2.upsample.conv.", "decoder.up_blocks.1.upsamplers.0.conv."},
    {"decoder.up.1.block.{}.", "decoder.up_blocks.2.resnets.{}."},
    {"decoder.up.1.upsample.conv.", "decoder.up_blocks.2.upsamplers.0.conv."},
    {"decoder.up.0.block.{}.", "decoder.up_blocks.3.resnets.{}."},
    {"{}.mid.block_1.", "{}.mid_block.resnets.0."},
    {"{}.mid.block_2.", "{}.mid_block.resnets.1."},
    {"{}.mid.attn_1.", "{}.mid_block.attentions.0."},
    {"{}.norm_out.", "{}.conv_norm_out."},
});

constexpr auto kLayers = std::to_array<RenamePair>({
    {"{}.{}.{}.resnets.{}.nin_shortcut.", "{}.{}.{}.resnets.{}.conv_shortcut."},
    {"{}.mid_block.attentions.0.norm.", "{}.mid_block.attentions.0.group_norm."},
    {"{}.mid_block.attentions.0.q.", "{}.mid_block.attentions.0.to_q."},
    {"{}.mid_block.attentions.0.k.", "{}.mid_block.attentions.0.to_k."},
    {"{}.mid_block.attentions.0.v.", "{}.mid_block.attentions.0.to_v."},
    {"{}.mid_block.attentions.0.proj_out.", "{}.mid_block.attentions.0.to_out.0."},
    {"{}.mid_block.attentions.0.query.", "{}.mid_block.attentions.0.to_q."},
    {"{}.mid_block.attentions.0.key.", "{}.mid_block.attentions.0.to_k."},
    {"{}.mid_block.attentions.0.value.", "{}.mid_block.attentions.0.to_v."},
    {"{}.mid_block.attentions.0.proj_attn.", "{}.mid_block.attentions.0.to_out.0."},
});

constexpr auto kOfTraining = std::to_array<std::string_view>({"loss.", "model_ema."});

// [out, in, 1, 1] and [out, in, 1] → [out, in]. Any other shape stays, to be refused where shapes are compared.
at::Tensor as_matrix(at::Tensor weight) {
  while (weight.dim() > 2 && weight.size(-1) == 1) weight = weight.squeeze(-1);
  return weight;
}

}  // namespace

std::string vae_to_diffusers(std::string_view name) { return renamed(renamed(name, kBlocks), kLayers); }

TensorMap vae_to_diffusers(TensorMap tensors) {
  for (const std::string_view prefix : kOfTraining)
    std::erase_if(tensors, [&](const auto& entry) { return entry.first.starts_with(prefix); });
  tensors = rename(rename(std::move(tensors), kBlocks), kLayers);
  for (auto& [name, tensor] : tensors)
    if (name.find(".attentions.0.to_") != std::string::npos) tensor = as_matrix(tensor);
  return tensors;
}

}  // namespace hotshot::weights
