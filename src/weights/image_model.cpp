#include "weights/image_model.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "weights/atomic_folder.h"
#include "weights/name_list.h"
#include "weights/network_names.h"
#include "weights/part.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto kPipelines = std::to_array<std::string_view>(
    {"StableDiffusionPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionXLPipeline",
     "StableDiffusionXLInpaintPipeline", "HotshotXLPipeline"});

json read_object(const fs::path& path) {
  json value = read_json(path);
  require(value.is_object(), path.string(), "expected a JSON object but got {}", shown(value));
  return value;
}

std::string string_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Prediction read_prediction(const fs::path& folder) {
  const fs::path path = folder / "scheduler" / "scheduler_config.json";
  if (!fs::exists(path)) return {};
  const json config = read_object(path);
  const auto zero = config.find("rescale_betas_zero_snr");
  return {.velocity = string_of(config, "prediction_type") == "v_prediction",
          .zero_terminal = zero != config.end() && *zero == true};
}

TensorMap read_named(const fs::path& folder, std::string_view part) {
  TensorMap tensors = read_part(folder / part);
  if (part == "vae") return vae_to_diffusers(std::move(tensors));
  return part == "unet" ? tensors : clip_to_diffusers(std::move(tensors));
}

std::uint64_t bytes_of(const ImageModel& model) {
  std::uint64_t bytes = 0;
  for (const auto& [part, tensors] : model.parts)
    for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  return bytes;
}

void require_space(const fs::path& folder, std::uint64_t bytes) {
  constexpr std::uint64_t kSpare = 64u << 20;
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  require(error || space.available >= bytes + kSpare, folder.string(),
          "expected {} MB of free disk for the model but got {}", (bytes + kSpare) >> 20, space.available >> 20);
}

void write_json(const fs::path& path, const json& value) { write_file(path, value.dump(2) + "\n"); }

}  // namespace

std::vector<std::string> ImageModel::missing_parts() const {
  std::vector<std::string> missing;
  for (const FilePart& part : family.file_parts)
    if (!parts.contains(std::string(part.part))) missing.emplace_back(part.part);
  return missing;
}

void require_sound(const ImageModel& model, const Layout& unknown) {
  std::string defects;
  for (const auto& [part, tensors] : model.parts) {
    const std::string text = difference(model.family.layout(part), layout_of(tensors));
    if (!text.empty()) defects += fmt::format("; in {}{}", part, text);
    for (const auto& [name, tensor] : tensors)
      require(at::isFloatingType(tensor.scalar_type()), model.source,
              "expected floating-point weights but '{}' of {} is {}", name, part, at::toString(tensor.scalar_type()));
  }
  defects += difference({}, unknown);
  require(defects.empty(), model.source, "expected the tensors of {} but they do not fit{}", model.family.name,
          defects);
}

ImageModel read_image_folder(const fs::path& folder, std::span<const Family> known) {
  const std::string where = folder.string();
  const std::string pipeline = string_of(read_object(folder / "model_index.json"), "_class_name");
  if (std::find(kPipelines.begin(), kPipelines.end(), pipeline) == kPipelines.end())
    throw_unknown(where, pipeline, {kPipelines.begin(), kPipelines.end()});
  TensorMap unet = read_named(folder, "unet");
  ImageModel model = {.source = where,
                      .family = model_of_unet(layout_of(unet), where, known),
                      .prediction = read_prediction(folder),
                      .parts = {}};
  model.parts.emplace("unet", std::move(unet));
  for (const FilePart& part : model.family.file_parts)
    if (part.part != "unet" && fs::is_directory(folder / part.part))
      model.parts.emplace(part.part, read_named(folder, part.part));
  require_sound(model);
  return model;
}

void complete(ImageModel& model, const ImageModel& donor) {
  require(model.family.name == donor.family.name, model.source,
          "expected the missing parts from a model of {} but {} is one of {}", model.family.name, donor.source,
          donor.family.name);
  for (const std::string& part : model.missing_parts())
    if (const auto found = donor.parts.find(part); found != donor.parts.end()) model.parts.insert(*found);
}

TensorMap read_temporal_layers(const fs::path& path, const Shape& channels) {
  TensorMap tensors = read_safetensors(path).tensors;
  require_layout(temporal_layout(channels), layout_of(tensors),
                 fmt::format("{}, temporal layers of Hotshot-XL", path.filename().string()));
  return tensors;
}

TensorMap temporal_layers_of(const ImageModel& model) {
  TensorMap temporal;
  if (const auto unet = model.parts.find("unet"); unet != model.parts.end())
    for (const auto& [name, tensor] : unet->second)
      if (name.find(".temporal_attentions.") != std::string::npos) temporal.emplace(name, tensor);
  return temporal;
}

void add_temporal_layers(ImageModel& model, const TensorMap& temporal) {
  const auto unet = model.parts.find("unet");
  require(unet != model.parts.end() && model.family.unet.in_channels == 4 && model.family.unet.added_width > 0,
          model.source,
          "expected a UNet of SDXL with 4 input channels to put temporal layers on but got one of {} with {}",
          model.family.name, model.family.unet.in_channels);
  require_layout(temporal_layout(model.family.unet.channels), layout_of(temporal),
                 fmt::format("temporal layers for {}", model.source));
  for (const auto& [name, tensor] : temporal) unet->second.insert_or_assign(name, tensor);
  model.family.temporal = true;
}

void write_image_folder(const ImageModel& model, const fs::path& folder, const TokenizerWriter& tokenizer) {
  NameList missing;
  for (const std::string& part : model.missing_parts()) missing.add(part);
  require(missing.empty(), model.source, "expected a whole model but it lacks {}: import it with --base, a model of {} that has them",
          missing.text(), model.family.name);
  require_sound(model);
  AtomicFolder written(folder);
  require_space(written.path(), bytes_of(model));
  for (const auto& [part, tensors] : model.parts) {
    const bool text = part.starts_with("text_encoder");
    write_part(written.path() / part, text ? "model" : "diffusion_pytorch_model", tensors);
    write_json(written.path() / part / "config.json", part_config(model.family, part));
    if (text)
      tokenizer(written.path() / ("tokenizer" + part.substr(std::string_view("text_encoder").size())), model.family);
  }
  make_folders(written.path() / "scheduler", "weights");
  write_json(written.path() / "scheduler" / "scheduler_config.json", scheduler_config(model.family, model.prediction));
  write_json(written.path() / "model_index.json", model_index(model.family));
  written.commit();
}

}  // namespace hotshot::weights
