// A published image model, or Hotshot-XL on top of one: from a single file or a folder, to a folder in the diffusers
// layout. Tensors alias the mapped files throughout, so that a model of any size passes in a few MB of memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "weights/family.h"
#include "weights/safetensors.h"

namespace hotshot::weights {

struct ImageModel {
  std::string source;  // what it was read from, for messages
  Family family;       // with the input channels and temporal layers that it really has
  Prediction prediction = {};
  /// By folder name ("unet", "vae", "text_encoder" …), in the names of diffusers; what the source lacks is absent.
  std::map<std::string, TensorMap> parts;
  std::vector<std::string> ignored = {};  // leftovers of training that the file also holds, one line each

  /// Parts the family has and this model lacks.
  std::vector<std::string> missing_parts() const;
};

/// Reads a single-file checkpoint in the names of the original code. Throws InvalidArgument when the family cannot run
/// here, and, listing them, for tensors that are missing in a part, unexpected or of the wrong shape.
ImageModel read_single_file(const std::filesystem::path& path, std::span<const Family> known = families());

/// Reads a folder in the diffusers layout: Stable Diffusion (XL), inpainting, or Hotshot-XL. Throws as above.
ImageModel read_image_folder(const std::filesystem::path& folder, std::span<const Family> known = families());

/// Throws InvalidArgument, listing them all, unless each part holds exactly the tensors of its family, with numbers of
/// a floating-point type. `unknown`: what else the source holds, which is listed as unexpected.
void require_sound(const ImageModel& model, const Layout& unknown = {});

/// Takes the parts that `model` lacks from another of its family. Throws InvalidArgument for another family.
void complete(ImageModel& model, const ImageModel& donor);

/// Reads Hotshot-XL's temporal layers, as a file of their own (hsxl_temporal_layers….safetensors) for a UNet of these
/// channels. Throws InvalidArgument unless it holds exactly those tensors: 420 with 237,316,800 values for SDXL.
TensorMap read_temporal_layers(const std::filesystem::path& path, const Shape& channels);

/// The temporal layers a model has; empty for one of pictures.
TensorMap temporal_layers_of(const ImageModel& model);

/// Puts temporal layers on a spatial model: any SDXL fine-tune becomes Hotshot-XL. Layers it has already are replaced.
void add_temporal_layers(ImageModel& model, const TensorMap& temporal);

/// Writes a part that is no tensors: the tokenizers, which the folder of weights knows nothing of. Gets the folder to
/// make ("…/tokenizer", "…/tokenizer_2") and the family.
using TokenizerWriter = std::function<void(const std::filesystem::path& folder, const Family& family)>;

/// Writes `folder`, which must not exist, in the diffusers layout: it appears whole or not at all. Weights keep their
/// type. Throws InvalidArgument when a part is missing or the disk is too full.
void write_image_folder(const ImageModel& model, const std::filesystem::path& folder, const TokenizerWriter& tokenizer);

}  // namespace hotshot::weights
