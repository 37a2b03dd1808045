#include "weights/recognise.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "weights/family.h"
#include "weights/part.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string string_member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>().substr(0, 200) : "";
}

json read_object(const fs::path& path) {
  json object = read_json(path);
  require(object.is_object(), path.string(), "expected a JSON object");
  return object;
}

// The family of the UNet in a folder; null for a UNet of other widths, which its config.json describes.
const Family* family_of_folder(const fs::path& folder) {
  Layout layout;
  for (const fs::path& file : part_files(folder)) layout.merge(layout_of(list_safetensors(file)));
  return family_of_unet(layout);
}

Recognised recognise_model_folder(const fs::path& folder) {
  const std::string pipeline = string_member(read_object(folder / "model_index.json"), "_class_name");
  Recognised result = {.kind = FileKind::model_folder,
                       .description = fmt::format("model folder in the diffusers layout: {}",
                                                  pipeline.empty() ? "no class given" : pipeline)};
  const Family* family = fs::is_directory(folder / "unet") ? family_of_folder(folder / "unet") : nullptr;
  if (family == nullptr) return result;
  result.family = family->name;
  result.description += fmt::format(" of {}", family->name);
  result.refusal = family->refusal;
  return result;
}

Recognised recognise_part_folder(const fs::path& folder) {
  const json config = read_object(folder / "config.json");
  std::string name = string_member(config, "_class_name");
  if (const auto list = config.find("architectures");
      name.empty() && list != config.end() && list->is_array() && !list->empty() && list->front().is_string())
    name = list->front().get<std::string>().substr(0, 200);
  require(!name.empty(), folder.string(), "expected _class_name or architectures in config.json");
  part_files(folder);  // throws where there are none
  Recognised result = {.kind = name == "ControlNetModel"        ? FileKind::controlnet
                               : name == "AutoencoderKL"        ? FileKind::vae
                               : name == "UNet2DConditionModel" ? FileKind::unet
                                                                : FileKind::part_folder,
                       .description = fmt::format("{} in the diffusers layout", name)};
  if (result.kind == FileKind::controlnet)
    if (const Family* family = family_of_folder(folder)) result.family = family->name;
  return result;
}

std::vector<fs::path> safetensors_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  return files;
}

}  // namespace

std::string_view kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::model_folder:
      return "a model folder";
    case FileKind::part_folder:
      return "a network's folder";
    case FileKind::checkpoint:
      return "a checkpoint";
    case FileKind::temporal_layers:
      return "temporal layers";
    case FileKind::vae:
      return "an autoencoder";
    case FileKind::unet:
      return "a UNet";
    case FileKind::controlnet:
      return "a ControlNet";
    case FileKind::lora:
      return "a LoRA";
    case FileKind::textual_inversion:
      return "a textual inversion";
    case FileKind::network:
      return "a single network";
    case FileKind::unknown:
      return "something unknown";
  }
  return "";
}

Recognised recognise(const fs::path& path) {
  if (!fs::is_directory(path)) return recognise_file(path);
  if (fs::exists(path / "model_index.json")) return recognise_model_folder(path);
  if (fs::exists(path / "config.json")) return recognise_part_folder(path);
  const std::vector<fs::path> files = safetensors_in(path);
  require(files.size() == 1, path.string(),
          "expected model_index.json, config.json or one .safetensors file in the folder but got {} such files",
          files.size());
  return recognise_file(files.front());
}

}  // namespace hotshot::weights
