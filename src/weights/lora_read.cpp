#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "base/options.h"
#include "weights/lora.h"

namespace hotshot::weights {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

enum class Role { down, up, mid, alpha };

// How a tensor's name ends, by the program that wrote the file.
struct Ending {
  std::string_view text;
  Role role;
  std::string_view naming;
};

constexpr auto kEndings = std::to_array<Ending>({
    {".lora_down.weight", Role::down, "kohya"},
    {".lora_up.weight", Role::up, "kohya"},
    {".lora_mid.weight", Role::mid, "kohya"},
    {".alpha", Role::alpha, ""},
    {".lora_A.weight", Role::down, "PEFT"},
    {".lora_B.weight", Role::up, "PEFT"},
    {".lora_A.default.weight", Role::down, "PEFT"},
    {".lora_B.default.weight", Role::up, "PEFT"},
    {".lora.down.weight", Role::down, "diffusers"},
    {".lora.up.weight", Role::up, "diffusers"},
    {"_lora.down.weight", Role::down, "diffusers"},
    {"_lora.up.weight", Role::up, "diffusers"},
    {".lora_linear_layer.down.weight", Role::down, "diffusers"},
    {".lora_linear_layer.up.weight", Role::up, "diffusers"},
});

// Adapters of other kinds, by a component of their names.
struct OtherKind {
  std::string_view component;
  std::string_view name;
};

constexpr auto kOtherKinds = std::to_array<OtherKind>({
    {"hada_w1_a", "LoHa, Hadamard products"},
    {"lokr_w1", "LoKr, Kronecker products"},
    {"lokr_w1_a", "LoKr, Kronecker products"},
    {"dora_scale", "DoRA, which also scales the weights"},
    {"lora_magnitude_vector", "DoRA, which also scales the weights"},
    {"oft_blocks", "OFT, rotations"},
    {"oft_diag", "OFT, rotations"},
    {"on_input", "IA3, scales of activations"},
    {"w_norm", "LyCORIS with whole norm layers"},
    {"diff", "LyCORIS with whole weights"},
    {"lora_controlnet", "a ControlLoRA"},
});

// How a name begins, and the part it speaks of. The last row is for files of the UNet alone.
struct Beginning {
  std::string_view text;
  std::string_view part;
};

constexpr auto kBeginnings = std::to_array<Beginning>({
    {"lora_unet_", "unet"},
    {"lora_te1_", "text_encoder"},
    {"lora_te2_", "text_encoder_2"},
    {"lora_te_", "text_encoder"},
    {"unet.", "unet"},
    {"text_encoder_2.", "text_encoder_2"},
    {"text_encoder.", "text_encoder"},
    {"diffusion_model.", "unet"},
    {"", "unet"},
});

constexpr std::string_view kPeft = "base_model.model.";

// Ends of layers that early diffusers called by its attention processors' names.
constexpr auto kOldNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"self_attn.to_q", "self_attn.q_proj"},
    {"self_attn.to_k", "self_attn.k_proj"},
    {"self_attn.to_v", "self_attn.v_proj"},
    {"self_attn.to_out", "self_attn.out_proj"},
    {".to_out", ".to_out.0"},
});

// alpha of PEFT's configuration: one for all layers of a part, and exceptions.
struct Alphas {
  std::optional<double> all;
  std::map<std::string, double> by_layer;
  bool by_root_of_rank = false;
};

const Ending* find_ending(std::string_view name) {
  for (const Ending& ending : kEndings)
    if (name.ends_with(ending.text)) return &ending;
  return nullptr;
}

std::string modern(std::string layer) {
  constexpr std::string_view kProcessor = ".processor.";
  if (const std::size_t found = layer.find(kProcessor); found != std::string::npos)
    layer.erase(found, kProcessor.size() - 1);
  for (const auto& [old, now] : kOldNames)
    if (layer.ends_with(old)) return layer.replace(layer.size() - old.size(), old.size(), now);
  return layer;
}

// The part a layer is of, and its name there.
std::pair<std::string, std::string> place_of(std::string_view layer) {
  if (layer.starts_with(kPeft)) layer.remove_prefix(kPeft.size());
  if (layer.starts_with("text_model.")) return {"text_encoder", modern(std::string(layer))};
  const auto* const found = std::find_if(kBeginnings.begin(), kBeginnings.end(),
                                         [&](const Beginning& row) { return layer.starts_with(row.text); });
  return {std::string(found->part), modern(std::string(layer.substr(found->text.size())))};
}

bool has_component(std::string_view name, std::string_view component) {
  while (true) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (name.substr(0, dot) == component) return true;
    if (dot == name.size()) return false;
    name.remove_prefix(dot + 1);
  }
}

void refuse_other_kinds(const TensorMap& tensors, const std::string& where) {
  for (const auto& [name, tensor] : tensors)
    for (const OtherKind& kind : kOtherKinds)
      require(!has_component(name, kind.component), where, "expected a plain LoRA but '{}' belongs to {}",
              name.substr(0, 200), kind.name);
}

double alpha_of(const at::Tensor& tensor, const std::string& layer, const std::string& where) {
  require(tensor.numel() == 1, where, "expected one number as alpha of '{}' but got {}", layer, tensor.numel());
  const double alpha = tensor.to(at::kDouble).item<double>();
  require(std::isfinite(alpha), where, "expected a finite alpha of '{}' but got {}", layer, alpha);
  return alpha;
}

Alphas read_alphas(const json& config, const std::string& prefix, const std::string& where) {
  Alphas alphas;
  const auto member = [&](const char* name) { return config.value(prefix + name, json()); };
  require(member("use_dora") != true, where, "expected a plain LoRA but its configuration says DoRA");
  if (const json all = member("lora_alpha"); all.is_number()) alphas.all = all.get<double>();
  if (const json pattern = member("alpha_pattern"); pattern.is_object())
    for (const auto& [layer, alpha] : pattern.items())
      if (alpha.is_number()) alphas.by_layer.emplace(layer, alpha.get<double>());
  alphas.by_root_of_rank = member("use_rslora") == true;
  return alphas;
}

std::optional<double> configured_scale(const Alphas& alphas, const std::string& layer, std::int64_t rank) {
  std::optional<double> alpha = alphas.all;
  for (const auto& [pattern, value] : alphas.by_layer)
    if (layer == pattern || layer.ends_with("." + pattern)) alpha = value;
  if (!alpha) return std::nullopt;
  return *alpha / (alphas.by_root_of_rank ? std::sqrt(rank) : static_cast<double>(rank));
}

// PEFT's configuration, as diffusers keeps it in the file or PEFT beside it; by part.
std::map<std::string, Alphas> configured_alphas(const SafetensorsFile& file, const fs::path& path,
                                                const std::string& where) {
  std::map<std::string, Alphas> parts;
  if (const auto text = file.metadata.find("lora_adapter_metadata"); text != file.metadata.end()) {
    const json config = parse_json(text->second);
    require(config.is_object(), where, "expected lora_adapter_metadata as a JSON object");
    for (const char* part : {"unet", "text_encoder", "text_encoder_2"})
      parts.emplace(part, read_alphas(config, fmt::format("{}.", part), where));
  } else if (const fs::path beside = path.parent_path() / "adapter_config.json";
             path.filename() == "adapter_model.safetensors" && fs::exists(beside)) {
    const json config = read_json(beside);
    require(config.is_object(), beside.string(), "expected a JSON object");
    for (const char* part : {"unet", "text_encoder"}) parts.emplace(part, read_alphas(config, "", beside.string()));
  }
  return parts;
}

void require_product(const LoraLayer& layer, const std::string& where) {
  require(layer.down.defined() && layer.up.defined(), where, "expected both halves of '{}' but {} is missing",
          layer.key, layer.down.defined() ? "up" : "down");
  const auto matrix = [](const at::Tensor& half) { return half.dim() == 2 || half.dim() == 4; };
  require(matrix(layer.down) && matrix(layer.up) && layer.rank() > 0, where,
          "expected matrices or convolution kernels as halves of '{}'", layer.key);
  const bool pointwise = layer.up.dim() == 2 || (layer.up.size(2) == 1 && layer.up.size(3) == 1);
  const at::Tensor& mid = layer.mid;
  const bool multiply = mid.defined() ? mid.dim() == 4 && mid.size(0) == layer.up.size(1) && mid.size(1) == layer.rank()
                                      : layer.up.size(1) == layer.rank();
  require(multiply && pointwise, where, "expected halves of '{}' that multiply but got ranks {} and {}", layer.key,
          layer.up.size(1), layer.rank());
  for (const at::Tensor& tensor : {layer.down, layer.up, mid})
    require(!tensor.defined() || at::isFloatingType(tensor.scalar_type()), where,
            "expected floating-point numbers in '{}'", layer.key);
}

fs::path lora_file(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"pytorch_lora_weights.safetensors", "adapter_model.safetensors"})
    if (fs::exists(path / name)) return path / name;
  throw_invalid("lora", fmt::format("expected pytorch_lora_weights.safetensors or adapter_model.safetensors in {}",
                                    path.string()));
}

}  // namespace

Lora read_lora(const fs::path& given) {
  const fs::path path = lora_file(given);
  const std::string where = fmt::format("lora {}", path.filename().string());
  SafetensorsFile file = read_safetensors(path);
  refuse_other_kinds(file.tensors, where);
  const std::map<std::string, Alphas> configured = configured_alphas(file, path, where);
  Lora lora = {.name = path.filename().string(), .naming = "", .layers = {}, .metadata = file.metadata};
  std::map<std::string, LoraLayer> layers;
  std::map<std::string, double> alphas;
  for (const auto& [name, tensor] : file.tensors) {
    const Ending* ending = find_ending(name);
    require(ending != nullptr, where, "expected names of a LoRA, such as ….lora_down.weight, but got '{}'",
            name.substr(0, 200));
    const std::string key = name.substr(0, name.size() - ending->text.size());
    if (ending->role == Role::alpha) {
      alphas.emplace(key, alpha_of(tensor, key, where));
      continue;
    }
    LoraLayer& layer = layers[key];
    layer.key = key;
    (ending->role == Role::down ? layer.down : ending->role == Role::up ? layer.up : layer.mid) = tensor;
    if (lora.naming.empty()) lora.naming = ending->naming;
  }
  for (auto& [key, layer] : layers) {
    require_product(layer, where);
    std::tie(layer.part, layer.module) = place_of(key);
    const auto part = configured.find(layer.part);
    if (const auto alpha = alphas.extract(key)) {
      layer.scale = alpha.mapped() / static_cast<double>(layer.rank());
    } else if (part != configured.end()) {
      layer.scale = configured_scale(part->second, layer.module, layer.rank()).value_or(1.0);
    }
    std::replace(layer.module.begin(), layer.module.end(), '.', '_');
    lora.layers.push_back(std::move(layer));
  }
  require(alphas.empty(), where, "expected a layer for each alpha but '{}' has none", alphas.begin()->first);
  require(!lora.layers.empty(), where, "expected at least one layer");
  return lora;
}

}  // namespace hotshot::weights
