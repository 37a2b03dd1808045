// Stable Diffusion 1.5 and SDXL, and Hotshot-XL, which is SDXL with layers over frames: CLIP text towers, UNet,
// autoencoder of pictures.
#pragma once

#include "model/kl_vae.h"
#include "model/unet_config.h"
#include "pipeline/family.h"
#include "pipeline/pixel_size.h"
#include "weights/family.h"

namespace hotshot::pipeline {

/// What an opened folder holds.
struct ImageConfigs {
  model::UnetConfig unet;
  model::KlVaeConfig vae;
  std::vector<std::string> text_encoders;  // their folders, in order
  bool zero_negative = false;  // an empty negative prompt is zeros, not an encoded "" (force_zeros_for_empty_prompt)
  const weights::Family* known = nullptr;  // the published family of this shape, null for others
};

std::shared_ptr<const Family> open_image_model(ModelFolder& folder, const nlohmann::json& index);

/// Latents of frames that a network can see at once; any number for networks of pictures, which see each alone.
std::int64_t longest_window(const model::UnetConfig& unet);

/// What SDXL is told of sizes, six numbers: original, crop, target. Hotshot-XL was trained with width before height,
/// SDXL the other way round.
std::vector<float> size_ids(const model::UnetConfig& unet, PixelSize original, PixelSize target,
                            PixelSize crop = {0, 0});

}  // namespace hotshot::pipeline
