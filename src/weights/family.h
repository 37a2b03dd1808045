// The families of published image models: what their networks look like, where a single file keeps them, and what
// their folder in the diffusers layout says.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/layout.h"
#include "weights/safetensors.h"

namespace hotshot::weights {

/// A part of a model in a single-file checkpoint.
struct FilePart {
  std::string_view part;    // its folder: "unet", "vae", "text_encoder", "text_encoder_2"
  std::string_view prefix;  // of its tensors in the file
  TensorMap (*to_diffusers)(TensorMap tensors);
};

/// A family, or a model of it: an inpainting model has more input channels, Hotshot-XL temporal layers.
struct Family {
  std::string name;          // "SDXL"
  std::string refusal = {};  // why its models cannot run here; empty when they can
  UnetShape unet = {};
  bool temporal = false;  // the UNet has Hotshot-XL's temporal transformers
  VaeShape vae = {};
  std::vector<ClipShape> text_encoders = {};  // of text_encoder, text_encoder_2
  std::vector<FilePart> file_parts = {};
  int sample_size = 64;             // height and width of the latents it was trained at
  double latent_scale = 0.18215;    // the UNet sees the autoencoder's latents times this
  std::string architecture = {};    // in the metadata of files: modelspec.architecture …
  std::string kohya_version = {};   // … and ss_base_model_version
  bool vae_overflows_fp16 = false;  // then the autoencoder must run in a wider type

  /// The parameters of one of its parts.
  Layout layout(std::string_view part) const;
};

/// SD 1.5, SD 2.x, SDXL, the SDXL refiner.
std::span<const Family> families();

/// The family whose UNet or ControlNet looks like this (names of diffusers), by the widths of text, of added embeddings
/// and of the first level alone. Null for none.
const Family* family_of_unet(const Layout& unet, std::span<const Family> known = families());

/// The model whose UNet looks like this: its family with the input channels and temporal layers it has. Throws
/// InvalidArgument, "[where] …", when no known family fits or the model cannot run here.
Family model_of_unet(const Layout& unet, std::string_view where, std::span<const Family> known = families());

/// How the network's answer is to be understood.
struct Prediction {
  bool velocity = false;       // v instead of epsilon
  bool zero_terminal = false;  // the schedule is rescaled so that its last step has no signal left
};

/// config.json of a part, scheduler_config.json, model_index.json: the fields of the published folders.
nlohmann::json part_config(const Family& family, std::string_view part);
nlohmann::json scheduler_config(const Family& family, const Prediction& prediction);
nlohmann::json model_index(const Family& family);

}  // namespace hotshot::weights
