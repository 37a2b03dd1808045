// A network and its folder on disk: config.json and weights, in the diffusers or transformers layout.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "model/registry.h"
#include "nn/module.h"

namespace hotshot::model {

/// Fills the module's parameters from the folder's weights: as fp32 copies, ready for training.
/// Throws InvalidArgument, listing every missing, unexpected or wrongly shaped name.
void load_parameters(nn::Module& module, const std::filesystem::path& folder);
/// The same from a folder of any age: names are those of read_tensors.
void load_parameters(nn::Module& module, const NetworkClass& network, const std::filesystem::path& folder);

/// Writes config.json and `basename`.safetensors; parameters are rounded to dtype, except those that keep fp32.
void save_part(nn::Module& module, const nlohmann::json& config, const std::filesystem::path& folder,
               std::string_view basename, at::ScalarType dtype);

}  // namespace hotshot::model
