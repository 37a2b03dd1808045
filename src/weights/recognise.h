// What a file or folder is, from the names and shapes of what it holds; never from what it is called.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace hotshot::weights {

enum class FileKind {
  model_folder,     // model_index.json and parts
  part_folder,      // config.json and weights of one network
  checkpoint,       // a whole image model, or its UNet, in one file
  temporal_layers,  // of Hotshot-XL
  vae,              // an autoencoder
  unet,             // alone, in the names of diffusers
  controlnet,
  lora,
  textual_inversion,
  network,  // another single network, by name
  unknown,
};

/// "a LoRA" …, for messages.
std::string_view kind_name(FileKind kind);

struct Recognised {
  FileKind kind = FileKind::unknown;
  std::string family = {};       // "SD 1.5", "SDXL" …; empty where there is none, or several fit
  std::string description = {};  // one line: kind, family, naming, parts, type, size
  std::string refusal = {};      // why it cannot be used here; empty when it can
};

/// Reads headers, and the data only of a LoRA's alphas and a textual inversion. What looks like one of the kinds but is
/// cut, mixed up or of a family that cannot run here has a `refusal`. Throws InvalidArgument for what cannot be read at
/// all: pickles, malformed files, folders without a model.
Recognised recognise(const std::filesystem::path& path);

/// The same for what is known to be a file.
Recognised recognise_file(const std::filesystem::path& path);

}  // namespace hotshot::weights
