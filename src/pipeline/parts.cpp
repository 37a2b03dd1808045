#include "pipeline/parts.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/options.h"
#include "model/registry.h"
#include "weights/layout.h"
#include "weights/part.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

std::string class_of(const nlohmann::json& index, const std::string& part, const std::string& where) {
  const auto entry = index.find(part);
  require(names_part(index, part), where, "expected \"{}\": [library, class] but got {}", part,
          entry == index.end() ? "nothing" : shown(*entry));
  return (*entry)[1];
}

weights::Layout layout_of(nn::Module& network) {
  weights::Layout layout;
  for (const auto& [name, parameter] : network.parameters()) layout[name] = parameter->tensor.sizes().vec();
  return layout;
}

// Parameters, bytes and types as the files have them.
void summarize_files(const fs::path& folder, PartSummary& summary) {
  std::set<std::string_view> dtypes;
  for (const fs::path& file : weights::part_files(folder)) {
    for (const weights::TensorInfo& info : weights::list_safetensors(file)) {
      summary.parameters += info.elements();
      summary.bytes += info.bytes();
      dtypes.insert(weights::dtype_name(info.dtype));
    }
  }
  summary.dtypes = fmt::format("{}", fmt::join(dtypes, ", "));
}

}  // namespace

nlohmann::json read_object(const fs::path& path) {
  nlohmann::json json = read_json(path);
  require(json.is_object(), path.string(), "expected a JSON object but got {}", json.type_name());
  return json;
}

bool names_part(const nlohmann::json& index, const std::string& part) {
  const auto entry = index.find(part);
  return entry != index.end() && entry->is_array() && entry->size() == 2 && (*entry)[1].is_string();
}

std::unique_ptr<nn::Module> open_part(ModelFolder& model, const nlohmann::json& index, const std::string& part) {
  const fs::path folder = model.path / part;
  const std::string where = folder.string();
  require(fs::is_directory(folder), "model", "expected the part '{}' but {} is no folder", part, where);
  PartSummary summary{.name = part, .class_name = class_of(index, part, (model.path / "model_index.json").string())};
  summary.config = read_object(folder / "config.json");
  const model::NetworkClass& network_class = model::find_network_class(summary.class_name, part, where);
  const std::string own = summary.config.value("_class_name", summary.class_name);
  require(own == summary.class_name, where, "expected a config.json of {} but got {}", summary.class_name, own);
  std::unique_ptr<nn::Module> network = network_class.build(summary.config, where);
  summarize_files(folder, summary);
  const std::string wrong =
      weights::difference(layout_of(*network), weights::layout_of(model::read_tensors(network_class, folder)));
  require(wrong.empty(), where, "expected the weights that config.json describes but got others{}", wrong);
  model.parts.push_back(std::move(summary));
  return network;
}

}  // namespace hotshot::pipeline
