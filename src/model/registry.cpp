#include "model/registry.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/umt5.h"
#include "model/wan_transformer.h"
#include "model/wan_vae.h"

namespace hotshot::model {
namespace {

template <class Network, class Config>
std::unique_ptr<nn::Module> build_diffusers(const nlohmann::json& json, std::string_view where) {
  Config config;
  read_config(config.fields(), json, where);
  return std::make_unique<Network>(std::move(config));
}

template <class Network, class Config>
std::unique_ptr<nn::Module> build_transformers(const nlohmann::json& json, std::string_view where) {
  Config config;
  read_known_config(config.fields(), json, where);
  return std::make_unique<Network>(std::move(config));
}

constexpr std::array kClasses = std::to_array<NetworkClass>({
    {"WanTransformer3DModel", "transformer", build_diffusers<WanTransformer, WanTransformerConfig>},
    {"AutoencoderKLWan", "vae", build_diffusers<WanVae, WanVaeConfig>},
    {"UMT5EncoderModel", "text_encoder", build_transformers<Umt5Encoder, Umt5Config>},
});

}  // namespace

std::span<const NetworkClass> network_classes() { return kClasses; }

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
