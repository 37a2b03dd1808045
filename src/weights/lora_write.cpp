#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "weights/lora.h"

namespace hotshot::weights {
namespace {

constexpr std::string_view kWeight = ".weight";

std::string kohya_key(const TrainedLayer& layer, std::string_view module, const Family& family) {
  std::string flat(module);
  std::replace(flat.begin(), flat.end(), '.', '_');
  if (layer.part == "unet") return "lora_unet_" + flat;
  if (family.text_encoders.size() == 1) return "lora_te_" + flat;
  return (layer.part == "text_encoder" ? "lora_te1_" : "lora_te2_") + flat;
}

void add_kohya(TensorMap& tensors, const std::string& key, const TrainedLayer& layer, double alpha) {
  tensors[key + ".lora_down.weight"] = layer.down;
  tensors[key + ".lora_up.weight"] = layer.up;
  tensors[key + ".alpha"] = at::scalar_tensor(alpha, at::kFloat);
}

// The older form for text encoders: diffusers reads the newer one only where attention layers are among them.
void add_diffusers(TensorMap& tensors, const std::string& key, const TrainedLayer& layer, double alpha) {
  const bool unet = layer.part == "unet";
  const double scale = alpha / static_cast<double>(layer.down.size(0));
  tensors[key + (unet ? ".lora_A.weight" : ".lora_linear_layer.down.weight")] = layer.down;
  tensors[key + (unet ? ".lora_B.weight" : ".lora_linear_layer.up.weight")] =
      layer.up.to(at::kFloat).mul(scale).to(layer.up.scalar_type());
}

Metadata card_metadata(const LoraCard& card, const Family& family, std::int64_t rank, double alpha) {
  Metadata metadata = {{"format", "pt"},
                       {"modelspec.sai_model_spec", "1.0.0"},
                       {"modelspec.architecture", family.architecture + "/lora"},
                       {"modelspec.title", card.title},
                       {"modelspec.trigger_phrase", card.trigger},
                       {"modelspec.description", card.comment},
                       {"ss_base_model_version", family.kohya_version},
                       {"ss_network_module", "networks.lora"},
                       {"ss_network_dim", fmt::format("{}", rank)},
                       {"ss_network_alpha", fmt::format("{}", alpha)},
                       {"ss_output_name", card.title},
                       {"ss_training_comment", card.comment},
                       {"hotshot.consent", card.consent}};
  std::erase_if(metadata, [](const auto& entry) { return entry.second.empty(); });
  return metadata;
}

}  // namespace

void write_lora(const std::filesystem::path& path, std::span<const TrainedLayer> layers, double alpha,
                const Family& family, LoraNaming naming, const LoraCard& card) {
  require(!layers.empty(), "lora", "expected at least one layer to write");
  TensorMap tensors;
  for (const TrainedLayer& layer : layers) {
    ensure(layer.parameter.ends_with(kWeight), "lora", "expected the name of a weight but got '{}'", layer.parameter);
    const std::string_view module =
        std::string_view(layer.parameter).substr(0, layer.parameter.size() - kWeight.size());
    if (naming == LoraNaming::kohya) {
      add_kohya(tensors, kohya_key(layer, module, family), layer, alpha);
    } else {
      add_diffusers(tensors, fmt::format("{}.{}", layer.part, module), layer, alpha);
    }
  }
  write_safetensors(path, tensors, card_metadata(card, family, layers.front().down.size(0), alpha));
}

}  // namespace hotshot::weights
