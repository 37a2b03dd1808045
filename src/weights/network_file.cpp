#include "weights/network_file.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "weights/atomic_folder.h"
#include "weights/names.h"
#include "weights/network_names.h"
#include "weights/part.h"

namespace hotshot::weights {
namespace {

// The tensors without a prefix that all of them have.
TensorMap without_prefix(TensorMap tensors, std::string_view prefix) {
  TensorMap rest = with_prefix(tensors, prefix);
  return rest.size() == tensors.size() ? rest : tensors;
}

}  // namespace

TensorMap read_vae_file(const std::filesystem::path& path, const VaeShape& shape) {
  const std::string where = fmt::format("autoencoder {}", path.filename().string());
  TensorMap tensors = vae_to_diffusers(without_prefix(read_safetensors(path).tensors, "first_stage_model."));
  if (const auto input = tensors.find("decoder.conv_in.weight"); input != tensors.end() && input->second.dim() == 4)
    require(input->second.size(1) == shape.latent_channels, where,
            "expected an autoencoder with latents of {} channels but got {}{}", shape.latent_channels,
            input->second.size(1), input->second.size(1) == 16 ? " (as SD 3 or Flux have)" : "");
  require_layout(vae_layout(shape), layout_of(tensors), where);
  return tensors;
}

ControlnetFile read_controlnet_file(const std::filesystem::path& path, std::span<const Family> known) {
  const std::string where = fmt::format("controlnet {}", path.filename().string());
  TensorMap tensors = unet_to_diffusers(without_prefix(read_safetensors(path).tensors, "control_model."));
  require(!tensors.contains("task_embedding"), where,
          "expected a ControlNet of one kind of picture but this is a ControlNet-Union of several");
  ControlnetFile controlnet = {.family = model_of_unet(layout_of(tensors), where, known),
                               .tensors = std::move(tensors)};
  require_layout(controlnet_layout(controlnet.family.unet), layout_of(controlnet.tensors), where);
  return controlnet;
}

void write_controlnet_folder(const ControlnetFile& controlnet, const std::filesystem::path& folder) {
  AtomicFolder written(folder);
  write_part(written.path(), "diffusion_pytorch_model", controlnet.tensors);
  write_file(written.path() / "config.json", part_config(controlnet.family, "controlnet").dump(2) + "\n");
  written.commit();
}

}  // namespace hotshot::weights
