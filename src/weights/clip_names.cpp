#include <ATen/core/Tensor.h>

#include <array>

#include "base/error.h"
#include "weights/names.h"
#include "weights/network_names.h"

namespace hotshot::weights {
namespace {

constexpr auto kTransformers = std::to_array<RenamePair>({
    {"embeddings.", "text_model.embeddings."},
    {"encoder.", "text_model.encoder."},
    {"final_layer_norm.", "text_model.final_layer_norm."},
});

constexpr auto kOpenClip = std::to_array<RenamePair>({
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"token_embedding.", "text_model.embeddings.token_embedding."},
    {"transformer.resblocks.{}.attn.", "text_model.encoder.layers.{}.self_attn."},
    {"transformer.resblocks.{}.ln_1.", "text_model.encoder.layers.{}.layer_norm1."},
    {"transformer.resblocks.{}.ln_2.", "text_model.encoder.layers.{}.layer_norm2."},
    {"transformer.resblocks.{}.mlp.c_fc.", "text_model.encoder.layers.{}.mlp.fc1."},
    {"transformer.resblocks.{}.mlp.c_proj.", "text_model.encoder.layers.{}.mlp.fc2."},
    {"ln_final.", "text_model.final_layer_norm."},
    {"text_projection", "text_projection.weight"},
});

constexpr std::string_view kFused = ".attn.in_proj_";  // queries, keys and values below one another

// The prefix "….attn." and the last word "weight" or "bias" of a fused name; empty for any other.
std::pair<std::string, std::string> fused_name(const std::string& name) {
  const std::size_t found = name.find(kFused);
  if (found == std::string::npos) return {};
  return {name.substr(0, found + 6), name.substr(found + kFused.size())};
}

TensorMap split_attention(TensorMap tensors) {
  TensorMap result;
  for (auto& [name, tensor] : tensors) {
    const auto [prefix, parameter] = fused_name(name);
    if (prefix.empty()) {
      result.emplace(name, tensor);
      continue;
    }
    require(tensor.dim() > 0 && tensor.size(0) % 3 == 0, "weights",
            "expected queries, keys and values of equal size in '{}' but got {} rows", name,
            tensor.dim() > 0 ? tensor.size(0) : 0);
    const std::int64_t rows = tensor.size(0) / 3;
    std::int64_t begin = 0;
    for (const std::string_view which : {"q_proj.", "k_proj.", "v_proj."}) {
      result.emplace(fmt::format("{}{}{}", prefix, which, parameter), tensor.narrow(0, begin, rows));
      begin += rows;
    }
  }
  return result;
}

}  // namespace

TensorMap clip_to_diffusers(TensorMap tensors) {
  tensors = rename(std::move(tensors), kTransformers);
  tensors.erase("text_model.embeddings.position_ids");
  return tensors;
}

TensorMap open_clip_to_diffusers(TensorMap tensors) {
  tensors.erase("logit_scale");
  if (const auto projection = tensors.find("text_projection"); projection != tensors.end()) {
    require(projection->second.dim() == 2, "weights", "expected a matrix as text_projection but got {} axes",
            projection->second.dim());
    projection->second = projection->second.t();
  }
  return rename(split_attention(std::move(tensors)), kOpenClip);
}

}  // namespace hotshot::weights
