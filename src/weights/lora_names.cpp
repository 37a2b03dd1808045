#include <algorithm>
#include <array>

#include "base/error.h"
#include "weights/lora.h"
#include "weights/network_names.h"

namespace hotshot::weights {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kTextModel = "text_model_";

std::string flattened(std::string_view name) {
  std::string flat(name);
  std::replace(flat.begin(), flat.end(), '.', '_');
  return flat;
}

void add_target(LoraTargets& targets, std::string_view module, const std::string& parameter) {
  const auto [entry, added] = targets.emplace(flattened(module), parameter);
  ensure(added || entry->second == parameter, "lora", "'{}' could mean {} and {}", entry->first, entry->second,
         parameter);
}

std::string_view without_weight(std::string_view name) { return name.substr(0, name.size() - kWeight.size()); }

bool has_part(const Family& family, std::string_view part) {
  return part == "unet" || (part == "text_encoder" ? 0u : 1u) < family.text_encoders.size();
}

// How many layers a family has by their names, and how many of those in the right shape.
struct Count {
  std::size_t named = 0;
  std::size_t fitting = 0;
};

Count count_layers(const Lora& lora, const Family& family) {
  std::map<std::string, std::pair<Layout, LoraTargets>> parts;
  Count count;
  for (const LoraLayer& layer : lora.layers) {
    if (!has_part(family, layer.part)) continue;
    auto [part, added] = parts.try_emplace(layer.part);
    auto& [layout, targets] = part->second;
    if (added) {
      layout = family.layout(layer.part);
      targets = lora_targets(layer.part, layout);
    }
    const auto found = targets.find(layer.module);
    if (found == targets.end()) continue;
    ++count.named;
    count.fitting += layer.fits(layout.at(found->second));
  }
  return count;
}

}  // namespace

LoraTargets lora_targets(std::string_view part, const Layout& parameters) {
  LoraTargets targets;
  for (const auto& [name, shape] : parameters) {
    if (!name.ends_with(kWeight) || shape.size() < 2) continue;
    const std::string flat = flattened(without_weight(name));
    add_target(targets, flat, name);
    if (part != "unet") {
      if (flat.starts_with(kTextModel)) add_target(targets, flat.substr(kTextModel.size()), name);
      continue;
    }
    for (const std::string& original : sgm_unet_names(name)) add_target(targets, without_weight(original), name);
  }
  return targets;
}

const Family* family_of_lora(const Lora& lora, std::span<const Family> known) {
  const Family* best = nullptr;
  std::size_t most = lora.layers.size() / 2;
  for (const Family& family : known) {
    const std::size_t fitting = count_layers(lora, family).fitting;
    if (fitting <= most) continue;
    best = &family;
    most = fitting;
  }
  return best;
}

bool has_names_of(const Lora& lora, const Family& family) {
  return count_layers(lora, family).named > lora.layers.size() / 2;
}

}  // namespace hotshot::weights
