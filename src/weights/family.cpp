#include "weights/family.h"

#include <algorithm>

#include "base/error.h"
#include "weights/network_names.h"

namespace hotshot::weights {
namespace {

constexpr FilePart kUnet = {"unet", "model.diffusion_model.", unet_to_diffusers};
constexpr FilePart kVae = {"vae", "first_stage_model.", vae_to_diffusers};

const VaeShape kKlF8 = {.channels = {128, 256, 512, 512}};
const ClipShape kVitL = {.heads = 12, .activation = "quick_gelu"};
const ClipShape kBigG = {.width = 1280, .heads = 20, .layers = 32, .projection = 1280};

std::vector<Family> make_families() {
  return {
      {.name = "SD 1.5",
       .unet = {.channels = {320, 640, 1280, 1280}, .depth = {1, 1, 1, 0}, .heads = {8, 8, 8, 8}},
       .vae = kKlF8,
       .text_encoders = {kVitL},
       .file_parts = {kUnet, kVae, {"text_encoder", "cond_stage_model.transformer.", clip_to_diffusers}},
       .architecture = "stable-diffusion-v1",
       .kohya_version = "sd_v1"},
      {.name = "SD 2.x",
       .refusal = "its text encoder, OpenCLIP ViT-H, is not among the networks here",
       .unet = {.channels = {320, 640, 1280, 1280},
                .depth = {1, 1, 1, 0},
                .heads = {5, 10, 20, 20},
                .text_width = 1024,
                .linear_projection = true},
       .vae = kKlF8,
       .file_parts = {kUnet, kVae}},
      {.name = "SDXL",
       .unet = {.channels = {320, 640, 1280},
                .depth = {0, 2, 10},
                .mid_depth = 10,
                .heads = {5, 10, 20},
                .text_width = 2048,
                .added_width = 2816,
                .linear_projection = true},
       .vae = kKlF8,
       .text_encoders = {kVitL, kBigG},
       .file_parts = {kUnet,
                      kVae,
                      {"text_encoder", "conditioner.embedders.0.transformer.", clip_to_diffusers},
                      {"text_encoder_2", "conditioner.embedders.1.model.", open_clip_to_diffusers}},
       .sample_size = 128,
       .latent_scale = 0.13025,
       .architecture = "stable-diffusion-xl-v1-base",
       .kohya_version = "sdxl_base_v1-0",
       .vae_overflows_fp16 = true},
      {.name = "SDXL refiner",
       .refusal = "it only refines latents of the SDXL base, which nothing here does",
       .unet = {.channels = {384, 768, 1536, 1536},
                .depth = {0, 4, 4, 0},
                .mid_depth = 4,
                .heads = {6, 12, 24, 24},
                .text_width = 1280,
                .added_width = 2560,
                .linear_projection = true},
       .vae = kKlF8,
       .file_parts = {kUnet, kVae},
       .sample_size = 128,
       .latent_scale = 0.13025,
       .vae_overflows_fp16 = true},
  };
}

std::int64_t size_of(const Shape& shape, std::size_t axis) { return axis < shape.size() ? shape[axis] : 0; }

// Size `axis` of a parameter; 0 where there is none.
std::int64_t size_of(const Layout& layout, std::string_view name, std::size_t axis) {
  const auto found = layout.find(name);
  return found == layout.end() ? 0 : size_of(found->second, axis);
}

std::int64_t text_width(const Layout& unet) {
  for (const auto& [name, shape] : unet)
    if (name.ends_with(".attn2.to_k.weight")) return size_of(shape, 1);
  return 0;
}

}  // namespace

Layout Family::layout(std::string_view part) const {
  if (part == "vae") return vae_layout(vae);
  if (part == "text_encoder") return clip_layout(text_encoders.at(0));
  if (part == "text_encoder_2") return clip_layout(text_encoders.at(1));
  if (part == "controlnet") return controlnet_layout(unet);
  ensure(part == "unet", name, "expected a part of the family but got '{}'", part);
  Layout layout = unet_layout(unet);
  if (temporal) layout.merge(temporal_layout(unet.channels));
  return layout;
}

std::span<const Family> families() {
  static const std::vector<Family> all = make_families();
  return all;
}

const Family* family_of_unet(const Layout& unet, std::span<const Family> known) {
  const std::int64_t text = text_width(unet);
  const std::int64_t added = size_of(unet, "add_embedding.linear_1.weight", 1);
  const std::int64_t first = size_of(unet, "conv_in.weight", 0);
  for (const Family& family : known)
    if (family.unet.text_width == text && family.unet.added_width == added && family.unet.channels.front() == first)
      return &family;
  return nullptr;
}

Family model_of_unet(const Layout& unet, std::string_view where, std::span<const Family> known) {
  const Family* found = family_of_unet(unet, known);
  require(found != nullptr, where, "expected a UNet of SD 1.5 or SDXL but its widths fit no known family");
  require(found->refusal.empty(), where, "expected a model of SD 1.5 or SDXL but this is {}: {}", found->name,
          found->refusal);
  Family model = *found;
  model.temporal = std::any_of(unet.begin(), unet.end(), [](const auto& entry) {
    return entry.first.find(".temporal_attentions.") != std::string::npos;
  });
  model.unet.in_channels = size_of(unet, "conv_in.weight", 1);
  require(model.unet.in_channels == 4 || model.unet.in_channels == 9, where,
          "expected a UNet of 4 input channels, or of 9 for inpainting, but got {}{}", model.unet.in_channels,
          model.unet.in_channels == 8 ? " (an editing model such as InstructPix2Pix)" : "");
  return model;
}

}  // namespace hotshot::weights
