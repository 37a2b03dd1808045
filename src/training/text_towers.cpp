#include "training/text_towers.h"

#include <ATen/ATen.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "model/config.h"
#include "model/part.h"
#include "text/clip_vocabulary.h"
#include "weights/digest.h"

namespace hotshot::training {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTower = "CLIPTextModel", kProjectingTower = "CLIPTextModelWithProjection";

struct Place {
  const char* part;
  const char* tokenizer;
};
constexpr std::array<Place, 2> kPlaces{{{"text_encoder", "tokenizer"}, {"text_encoder_2", "tokenizer_2"}}};

std::unique_ptr<model::ClipTextModel> build(const model::ClipTextConfig& config, bool projects) {
  if (projects) return std::make_unique<model::ClipTextModelWithProjection>(config);
  return std::make_unique<model::ClipTextModel>(config);
}

// The class of a published tower stands in its config.
bool projects(const nlohmann::json& config) {
  const auto classes = config.is_object() ? config.find("architectures") : config.end();
  return classes != config.end() && classes->is_array() && !classes->empty() && classes->front() == kProjectingTower;
}

std::string_view class_of(bool projects) { return projects ? kProjectingTower : kTower; }

const model::NetworkClass& network_class(bool projects) {
  return model::find_network_class(class_of(projects), projects ? "text_encoder_2" : "text_encoder", "train");
}

}  // namespace

FieldList ClipTokenizerOptions::fields() {
  return {{"merges_file", "CLIP's merges.txt, seen from the model folder", &merges_file},
          {"merges", "of them that are used", &merges, {1, 100000}}};
}

void write_short_tokenizer(const fs::path& merges_file, int merges, std::string_view pad, const fs::path& folder) {
  if (fs::exists(folder / "vocab.json")) return;
  std::istringstream in(read_file(merges_file));
  std::string kept, line;
  for (int taken = 0; taken < merges && std::getline(in, line);) {
    taken += !line.empty() && !line.starts_with("#version");
    kept += line + "\n";
  }
  make_folders(folder, "train");
  write_file(folder / "merges.txt", kept);
  text::write_clip_tokenizer(folder / "merges.txt", pad, folder);
}

TextTowers::TextTowers(const fs::path& model_folder, at::Device device, at::ScalarType dtype)
    : learns_(false), device_(device) {
  Sha256 digest;
  for (const Place& place : kPlaces) {
    const fs::path folder = model_folder / place.part;
    if (!towers_.empty() && !fs::exists(folder)) break;
    const nlohmann::json json = read_json(folder / "config.json");
    model::ClipTextConfig config;
    model::read_known_config(config.fields(), json, folder.string());
    std::unique_ptr<model::ClipTextModel> network = build(config, projects(json));
    model::load_parameters(*network, network_class(projects(json)), folder);
    network->to(device, dtype);
    const auto* projection = dynamic_cast<const model::ClipTextModelWithProjection*>(network.get());
    towers_.push_back(
        {place.part, text::ClipTokenizer::load(model_folder / place.tokenizer), std::move(network), projection});
    digest.update(weights::folder_digest(folder) + weights::folder_digest(model_folder / place.tokenizer));
  }
  digest_ = digest.hex();
}

TextTowers::TextTowers(std::vector<model::ClipTextConfig> configs, const fs::path& model_folder,
                       const fs::path& initial, std::uint64_t seed, at::Device device)
    : learns_(true), device_(device) {
  require(configs.size() == 1 || configs.size() == 2, "train", "expected one or two text towers but got {}",
          configs.size());
  Sha256 digest;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const fs::path tokenizer_folder = model_folder / kPlaces[i].tokenizer;
    text::ClipTokenizer tokenizer = text::ClipTokenizer::load(tokenizer_folder);
    configs[i].vocab_size = tokenizer.size();
    configs[i].eos_token_id = tokenizer.end_id();
    const bool last_of_two = i == 1;
    std::unique_ptr<model::ClipTextModel> network = build(configs[i], last_of_two);
    if (initial.empty()) {
      network->initialize(seed + i);
    } else {
      model::load_parameters(*network, network_class(last_of_two), initial / kPlaces[i].part);
    }
    network->to(device, at::kFloat);
    network->requires_grad(true);
    const auto* projection = dynamic_cast<const model::ClipTextModelWithProjection*>(network.get());
    towers_.push_back({kPlaces[i].part, std::move(tokenizer), std::move(network), projection});
    digest.update(weights::folder_digest(tokenizer_folder));
  }
  digest_ = digest.hex();
}

at::Tensor TextTowers::ids(const Tower& tower, const std::vector<std::string>& texts) const {
  std::vector<std::int64_t> ids;
  for (const std::string& text : texts) {
    for (const int id : tower.tokenizer(text)) ids.push_back(id);
  }
  return at::tensor(ids, at::kLong).view({static_cast<std::int64_t>(texts.size()), -1}).to(device_);
}

model::UnetContext TextTowers::operator()(const std::vector<std::string>& texts, bool zero_empty,
                                          at::ScalarType dtype) const {
  std::optional<at::NoGradGuard> frozen;
  if (!learns_) frozen.emplace();
  const bool pair = towers_.size() > 1;
  std::vector<at::Tensor> states;
  model::UnetContext context;
  for (const Tower& tower : towers_) {
    const model::ClipTextOutput output = (*tower.network)(ids(tower, texts), dtype);
    states.push_back(pair ? output.hidden(1) : output.last_bld);
    if (tower.projection) context.pooled_bd = tower.projection->project(output.pooled_bd);
  }
  context.text_bsd = at::cat(states, 2);
  if (!zero_empty) return context;
  std::vector<double> said;
  for (const std::string& text : texts) said.push_back(text.empty() ? 0 : 1);
  const at::Tensor said_b = at::tensor(said, at::kDouble).to(context.text_bsd.options());
  context.text_bsd = context.text_bsd * said_b.view({-1, 1, 1});
  if (context.pooled_bd.defined()) context.pooled_bd = context.pooled_bd * said_b.view({-1, 1});
  return context;
}

std::int64_t TextTowers::width() const {
  std::int64_t width = 0;
  for (const Tower& tower : towers_) width += tower.network->config().hidden_size;
  return width;
}

std::int64_t TextTowers::pooled_width() const {
  for (const Tower& tower : towers_) {
    if (tower.projection) return tower.network->config().projection_dim;
  }
  return 0;
}

std::vector<nn::NamedParameter> TextTowers::parameters() {
  std::vector<nn::NamedParameter> all;
  if (!learns_) return all;
  for (Tower& tower : towers_) {
    for (const auto& [name, parameter] : tower.network->parameters()) {
      all.push_back({tower.part + "." + name, parameter});
    }
  }
  return all;
}

void TextTowers::export_parts(const fs::path& model_folder) {
  if (!learns_) return;
  for (Tower& tower : towers_) {
    const nlohmann::json config = tower.network->config().to_json(class_of(tower.projection != nullptr));
    model::save_part(*tower.network, config, model_folder / tower.part, "model", at::kBFloat16);
  }
}

}  // namespace hotshot::training
