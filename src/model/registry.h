// Network classes by the names that model_index.json gives them. Adding a network: its files and a row in registry.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "base/error.h"
#include "nn/module.h"
#include "weights/safetensors.h"

namespace hotshot::model {

/// One network class of diffusers or transformers.
struct NetworkClass {
  std::string_view name;
  std::string_view part;  // the folder of a model it stands in: "transformer", "vae", "text_encoder"
  /// Builds it, without weights, from its config.json. Throws InvalidArgument, "[where] …", for a config that is wrong
  /// or asks for something this network does not compute.
  std::unique_ptr<nn::Module> (*build)(const nlohmann::json& config, std::string_view where);
  /// Tensors of a file of any age under the names of the parameters; null where all files have them.
  weights::TensorMap (*rename)(weights::TensorMap tensors) = nullptr;
};

/// All of them, in the order they should be listed.
std::span<const NetworkClass> network_classes();

/// The row called `name` for `part`; throws InvalidArgument, "[where] …", listing those of the part otherwise.
const NetworkClass& find_network_class(std::string_view name, std::string_view part, std::string_view where);

/// The tensors of a part's folder under the names of the class's parameters.
weights::TensorMap read_tensors(const NetworkClass& network, const std::filesystem::path& folder);

/// The network of class `name`, which must be a `Network`.
template <class Network>
std::unique_ptr<Network> build_network(std::string_view name, std::string_view part, const nlohmann::json& config,
                                       std::string_view where) {
  std::unique_ptr<nn::Module> module = find_network_class(name, part, where).build(config, where);
  auto* network = dynamic_cast<Network*>(module.get());
  ensure(network != nullptr, where, "{} is not the kind of network asked for", name);
  module.release();
  return std::unique_ptr<Network>(network);
}

}  // namespace hotshot::model
