// Single networks in a file of their own, in the names of diffusers or of the original code.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "weights/family.h"
#include "weights/safetensors.h"

namespace hotshot::weights {

/// An autoencoder of SD 1.5 or SDXL (they have one layout), in the names of diffusers. Throws InvalidArgument, listing
/// what does not fit; a 16-channel one (SD 3, Flux) is named.
TensorMap read_vae_file(const std::filesystem::path& path, const VaeShape& shape);

/// A ControlNet that has its UNet's whole encoder.
struct ControlnetFile {
  Family family;      // whose UNet it steers
  TensorMap tensors;  // in the names of diffusers
};

/// Throws InvalidArgument for a family that does not run here, listing what does not fit otherwise. Smaller ControlNets
/// (canny-sdxl-small) need the config.json of their folder and are no single files.
ControlnetFile read_controlnet_file(const std::filesystem::path& path, std::span<const Family> known = families());

/// Writes a ControlNet as a folder in the diffusers layout, which must not exist; whole or not at all.
void write_controlnet_folder(const ControlnetFile& controlnet, const std::filesystem::path& folder);

}  // namespace hotshot::weights
