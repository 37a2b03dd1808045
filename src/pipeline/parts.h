// Opening the parts of a model folder: config and headers of the weights, checked against the network they describe.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/error.h"
#include "nn/module.h"
#include "pipeline/model_folder.h"

namespace hotshot::pipeline {

/// Reads a JSON file that must hold an object. Throws InvalidArgument.
nlohmann::json read_object(const std::filesystem::path& path);

/// Whether model_index.json names a class for a part: "vae": ["diffusers", "AutoencoderKLWan"].
bool names_part(const nlohmann::json& index, const std::string& part);

/// Opens the folder of `part`, appends its summary to folder.parts and returns the network, without weights. Throws
/// InvalidArgument, naming the file and what is wrong.
std::unique_ptr<nn::Module> open_part(ModelFolder& folder, const nlohmann::json& index, const std::string& part);

/// The config of a part, which is opened; the network itself is not kept.
template <class Network>
auto take_part(ModelFolder& folder, const nlohmann::json& index, const std::string& part) {
  const std::unique_ptr<nn::Module> network = open_part(folder, index, part);
  const auto* typed = dynamic_cast<const Network*>(network.get());
  ensure(typed != nullptr, part, "{} is not the kind of network asked for", folder.parts.back().class_name);
  return typed->config();
}

}  // namespace hotshot::pipeline
