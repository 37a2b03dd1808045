#include "model/registry.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/clip_classifier.h"
#include "model/clip_text.h"
#include "model/config.h"
#include "model/controlnet.h"
#include "model/kl_vae.h"
#include "model/umt5.h"
#include "model/unet.h"
#include "model/wan_transformer.h"
#include "model/wan_vae.h"
#include "weights/network_names.h"
#include "weights/part.h"

namespace hotshot::model {
namespace {

template <class Network, class Config>
std::unique_ptr<nn::Module> build_diffusers(const nlohmann::json& json, std::string_view where) {
  Config config;
  read_config(config.fields(), json, where);
  return std::make_unique<Network>(std::move(config));
}

template <class Network, class Config>
std::unique_ptr<nn::Module> build_unet(const nlohmann::json& json, std::string_view where) {
  return std::make_unique<Network>(Config::from_json(json, where));
}

template <class Network, class Config>
std::unique_ptr<nn::Module> build_transformers(const nlohmann::json& json, std::string_view where) {
  Config config;
  read_known_config(config.fields(), json, where);
  return std::make_unique<Network>(std::move(config));
}

constexpr std::array kClasses = std::to_array<NetworkClass>({
    {"WanTransformer3DModel", "transformer", build_diffusers<WanTransformer, WanTransformerConfig>},
    {"HotshotTransformer3DModel", "transformer", build_diffusers<WanTransformer, WanTransformerConfig>},
    {"AutoencoderKLWan", "vae", build_diffusers<WanVae, WanVaeConfig>},
    {"UNet2DConditionModel", "unet", build_unet<Unet, UnetConfig>},
    {"UNet3DConditionModel", "unet", build_unet<Unet, UnetConfig>},
    {"ControlNetModel", "controlnet", build_unet<ControlNet, ControlNetConfig>},
    {"AutoencoderKL", "vae", build_diffusers<KlVae, KlVaeConfig>, weights::vae_to_diffusers},
    {"UMT5EncoderModel", "text_encoder", build_transformers<Umt5Encoder, Umt5Config>},
    {"CLIPTextModel", "text_encoder", build_transformers<ClipTextModel, ClipTextConfig>, weights::clip_to_diffusers},
    {"CLIPTextModelWithProjection", "text_encoder_2", build_transformers<ClipTextModelWithProjection, ClipTextConfig>,
     weights::clip_to_diffusers},
    {"ClipClassifier", "judge", build_diffusers<ClipClassifier, ClipClassifierConfig>},
});

}  // namespace

std::span<const NetworkClass> network_classes() { return kClasses; }

weights::TensorMap read_tensors(const NetworkClass& network, const std::filesystem::path& folder) {
  weights::TensorMap tensors = weights::read_part(folder);
  return network.rename ? network.rename(std::move(tensors)) : tensors;
}

const NetworkClass& find_network_class(std::string_view name, std::string_view part, std::string_view where) {
  std::vector<std::string> known;
  for (const NetworkClass& row : kClasses) {
    if (row.part != part) continue;
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw_unknown(where, name, known);
}

}  // namespace hotshot::model
