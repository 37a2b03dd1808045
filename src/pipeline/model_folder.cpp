#include "pipeline/model_folder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/options.h"
#include "pipeline/parts.h"
#include "weights/names.h"

namespace hotshot::pipeline {

namespace fs = std::filesystem;

FieldList Trained::fields() {
  return {{"frames", "frames of a training clip, 4k+1", &frames, {1, 100000}},
          {"fps", "frames per second", &fps, {1, 240}},
          {"steps", "sampling steps", &steps, {1, 1000}},
          {"guidance", "guidance scale", &guidance, {0, 100}},
          {"sampler", "name of a sampler", &sampler},
          {"shift", "timestep shift", &shift, {0.01, 100}},
          {"data", "what it learned from", &data}};
}

Trained read_trained(const nlohmann::json& json, std::string_view where, Trained known) {
  require(json.is_object(), where, "expected a JSON object but got {}", json.type_name());
  Trained trained = std::move(known);
  nlohmann::json rest = json;
  if (rest.contains("sizes")) {
    const nlohmann::json sizes = rest["sizes"];
    rest.erase("sizes");
    require(sizes.is_array() && !sizes.empty(), where, "expected sizes [[width, height], …] but got {}", shown(sizes));
    trained.sizes.clear();
    for (const nlohmann::json& size : sizes) {
      const bool sound = size.is_array() && size.size() == 2 && size[0].is_number_integer() &&
                         size[1].is_number_integer() && size[0] > 0 && size[1] > 0 && size[0] <= 16384 &&
                         size[1] <= 16384;
      require(sound, where, "expected a size [width, height] but got {}", shown(size));
      trained.sizes.push_back({size[0].get<int>(), size[1].get<int>()});
    }
  }
  read_fields(trained.fields(), rest, where);
  return trained;
}

nlohmann::json write_trained(const Trained& trained) {
  nlohmann::json json = write_fields(Trained(trained).fields());
  if (trained.sampler.empty()) json.erase("sampler");
  for (const PixelSize& size : trained.sizes) json["sizes"].push_back({size.width, size.height});
  return json;
}

const PartSummary& ModelFolder::part(std::string_view part_name) const {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const PartSummary& summary) { return summary.name == part_name; });
  ensure(found != parts.end(), "model", "no part '{}'", part_name);
  return *found;
}

std::int64_t ModelFolder::parameters() const {
  std::int64_t count = 0;
  for (const PartSummary& summary : parts) count += summary.parameters;
  return count;
}

ModelFolder open_model(const fs::path& path) {
  require(fs::is_directory(path), "model", "expected a model folder but '{}' is none", path.string());
  const fs::path index_path = path / "model_index.json";
  require(fs::exists(index_path), "model", "expected model_index.json in '{}' but it is not there", path.string());
  const nlohmann::json index = read_object(index_path);
  const FamilyClass& family = find_family(index, index_path.string());

  ModelFolder folder;
  folder.path = fs::weakly_canonical(path);
  folder.name = path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
  if (folder.name == "." || folder.name == "..") folder.name = folder.path.filename().string();
  folder.scheduler = diffusion::read_scheduler_config(read_object(folder.path / "scheduler" / "scheduler_config.json"));
  folder.family = family.open(folder, index);
  const fs::path extra = folder.path / "hotshot.json";
  if (fs::exists(extra)) folder.trained = read_trained(read_object(extra), extra.string(), folder.trained);
  return folder;
}

weights::TensorMap read_weights(const ModelFolder& folder, std::string_view part) {
  const fs::path path = folder.path / part;
  return model::read_tensors(model::find_network_class(folder.part(part).class_name, part, path.string()), path);
}

void assign_weights(nn::Module& network, weights::TensorMap tensors, const std::string& where, at::ScalarType dtype,
                    at::Device device) {
  std::vector<weights::Slot> slots;
  for (const auto& [name, parameter] : network.parameters()) {
    const at::ScalarType wanted = parameter->keep_fp32 ? at::kFloat : dtype;
    parameter->tensor = at::empty(parameter->tensor.sizes(), at::TensorOptions(device).dtype(wanted));
    slots.push_back({name, parameter->tensor});
  }
  weights::assign(std::move(tensors), slots, where, weights::AssignMode::alias);
}

void load_weights(nn::Module& network, const ModelFolder& folder, std::string_view part, at::ScalarType dtype,
                  at::Device device) {
  assign_weights(network, read_weights(folder, part), (folder.path / part).string(), dtype, device);
}

}  // namespace hotshot::pipeline
