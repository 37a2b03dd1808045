#include "pipeline/model_folder.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "text/t5_tokenizer.h"
#include "weights/name_list.h"
#include "weights/names.h"
#include "weights/part.h"
#include "weights/safetensors.h"

namespace hotshot::pipeline {
namespace {

namespace fs = std::filesystem;

nlohmann::json read_object(const fs::path& path) {
  nlohmann::json json = read_json(path);
  require(json.is_object(), path.string(), "expected a JSON object but got {}", json.type_name());
  return json;
}

// The class that model_index.json names for a part: "vae": ["diffusers", "AutoencoderKLWan"].
std::string class_of(const nlohmann::json& index, const std::string& part, const std::string& where) {
  const auto entry = index.find(part);
  const bool sound = entry != index.end() && entry->is_array() && entry->size() == 2 && (*entry)[1].is_string();
  require(sound, where, "expected \"{}\": [library, class] but got {}", part,
          entry == index.end() ? "nothing" : shown(*entry));
  return (*entry)[1];
}

void check_index(const nlohmann::json& index, const std::string& where) {
  const std::string pipeline = shown(index.value("_class_name", nlohmann::json("")));
  require(pipeline == "\"WanPipeline\"", where, "expected _class_name \"WanPipeline\" but got {}", pipeline);
  const auto second = index.find("transformer_2");
  const bool single = second == index.end() || second->is_null() ||
                      (second->is_array() && std::all_of(second->begin(), second->end(),
                                                         [](const nlohmann::json& value) { return value.is_null(); }));
  require(single, where, "expected a model with one transformer but it has a transformer_2");
}

// The weights' header against the parameters of the network that the config describes.
void check_weights(nn::Module& network, const std::map<std::string, weights::TensorInfo>& stored,
                   const std::string& where) {
  weights::NameList missing, unexpected, misshapen;
  std::set<std::string> known;
  for (const auto& [name, parameter] : network.parameters()) {
    known.insert(name);
    const auto found = stored.find(name);
    if (found == stored.end()) {
      missing.add(name);
    } else if (at::IntArrayRef(found->second.shape) != parameter->tensor.sizes()) {
      misshapen.add(fmt::format("{} (expected [{}] but got [{}])", name,
                                fmt::join(parameter->tensor.sizes().vec(), ", "),
                                fmt::join(found->second.shape, ", ")));
    }
  }
  for (const auto& [name, info] : stored) {
    if (!known.contains(name)) unexpected.add(name);
  }
  require(missing.empty() && unexpected.empty() && misshapen.empty(), where,
          "expected the weights that config.json describes but missing: {}; unexpected: {}; wrong shape: {}",
          missing.text(), unexpected.text(), misshapen.text());
}

PartSummary open_part(const fs::path& model, const nlohmann::json& index, const std::string& part,
                      std::unique_ptr<nn::Module>& network) {
  const fs::path folder = model / part;
  const std::string where = folder.string();
  require(fs::is_directory(folder), "model", "expected the part '{}' but {} is no folder", part, where);
  PartSummary summary{.name = part, .class_name = class_of(index, part, (model / "model_index.json").string())};
  summary.config = read_object(folder / "config.json");
  const model::NetworkClass& network_class = model::find_network_class(summary.class_name, part, where);
  const std::string own = summary.config.value("_class_name", summary.class_name);
  require(own == summary.class_name, where, "expected a config.json of {} but got {}", summary.class_name, own);
  network = network_class.build(summary.config, where);
  std::map<std::string, weights::TensorInfo> stored;
  std::set<std::string_view> dtypes;
  for (const fs::path& file : weights::part_files(folder)) {
    for (weights::TensorInfo& info : weights::list_safetensors(file)) {
      summary.parameters += info.elements();
      summary.bytes += info.bytes();
      dtypes.insert(weights::dtype_name(info.dtype));
      stored.emplace(info.name, std::move(info));
    }
  }
  summary.dtypes = fmt::format("{}", fmt::join(dtypes, ", "));
  check_weights(*network, stored, where);
  return summary;
}

// Takes a part's summary and its typed config; the network itself is not kept.
template <class Network, class Config>
void take_part(ModelFolder& folder, const nlohmann::json& index, const std::string& part, Config& config) {
  std::unique_ptr<nn::Module> network;
  folder.parts.push_back(open_part(folder.path, index, part, network));
  const auto* typed = dynamic_cast<const Network*>(network.get());
  ensure(typed != nullptr, part, "{} is not the kind of network asked for", folder.parts.back().class_name);
  config = typed->config();
}

void check_parts_fit(const ModelFolder& folder, int vocabulary) {
  const std::string where = folder.path.string();
  const auto& transformer = folder.transformer;
  require(transformer.in_channels == folder.vae.z_dim && transformer.out_channels == folder.vae.z_dim, where,
          "expected a transformer of {} latent channels, as the vae has, but got {} in and {} out", folder.vae.z_dim,
          transformer.in_channels, transformer.out_channels);
  require(transformer.text_dim == folder.text_encoder.d_model, where,
          "expected a transformer of text_dim {}, as the text encoder has, but got {}", folder.text_encoder.d_model,
          transformer.text_dim);
  require(transformer.patch_size[0] == 1 && transformer.patch_size[1] == transformer.patch_size[2], where,
          "expected square patches of one latent frame but got patch_size {}", fmt::join(transformer.patch_size, "x"));
  require(vocabulary <= folder.text_encoder.vocab_size, where,
          "expected a tokenizer of at most {} pieces, the text encoder's vocab_size, but got {}",
          folder.text_encoder.vocab_size, vocabulary);
}

}  // namespace

FieldList Trained::fields() {
  return {{"frames", "frames of a training clip, 4k+1", &frames, {1, 100000}},
          {"fps", "frames per second", &fps, {1, 240}},
          {"steps", "sampling steps", &steps, {1, 1000}},
          {"guidance", "guidance scale", &guidance, {0, 100}},
          {"sampler", "name of a sampler", &sampler},
          {"shift", "timestep shift", &shift, {0.01, 100}},
          {"data", "what it learned from", &data}};
}

Trained read_trained(const nlohmann::json& json, std::string_view where) {
  require(json.is_object(), where, "expected a JSON object but got {}", json.type_name());
  Trained trained;
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

int ModelFolder::frames_made(int frames) const {
  const int factor = vae.scale_factor_temporal;
  return (frames + factor - 2) / factor * factor + 1;
}

ModelFolder open_model(const fs::path& path) {
  require(fs::is_directory(path), "model", "expected a model folder but '{}' is none", path.string());
  const fs::path index_path = path / "model_index.json";
  require(fs::exists(index_path), "model", "expected model_index.json in '{}' but it is not there", path.string());
  const nlohmann::json index = read_object(index_path);
  check_index(index, index_path.string());

  ModelFolder folder;
  folder.path = fs::weakly_canonical(path);
  folder.name = path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
  if (folder.name == "." || folder.name == "..") folder.name = folder.path.filename().string();
  take_part<model::Umt5Encoder>(folder, index, "text_encoder", folder.text_encoder);
  take_part<model::WanTransformer>(folder, index, "transformer", folder.transformer);
  take_part<model::WanVae>(folder, index, "vae", folder.vae);
  folder.scheduler = diffusion::read_scheduler_config(read_object(folder.path / "scheduler" / "scheduler_config.json"));
  check_parts_fit(folder, text::T5Tokenizer::load(folder.path / "tokenizer").vocabulary_size());
  const fs::path extra = folder.path / "hotshot.json";
  if (fs::exists(extra)) folder.trained = read_trained(read_object(extra), extra.string());
  return folder;
}

void load_weights(nn::Module& network, const ModelFolder& folder, std::string_view part, at::ScalarType dtype,
                  at::Device device) {
  std::vector<weights::Slot> slots;
  for (const auto& [name, parameter] : network.parameters()) {
    const at::ScalarType wanted = parameter->keep_fp32 ? at::kFloat : dtype;
    parameter->tensor = at::empty(parameter->tensor.sizes(), at::TensorOptions(device).dtype(wanted));
    slots.push_back({name, parameter->tensor});
  }
  const fs::path path = folder.path / part;
  weights::assign(weights::read_part(path), slots, path.string(), weights::AssignMode::alias);
}

}  // namespace hotshot::pipeline
