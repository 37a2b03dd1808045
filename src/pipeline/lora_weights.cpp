#include "pipeline/lora_weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "model/registry.h"

namespace hotshot::pipeline {
namespace {

bool has_part(const weights::Lora& lora, const std::string& part) {
  return std::any_of(lora.layers.begin(), lora.layers.end(),
                     [&](const weights::LoraLayer& layer) { return layer.part == part; });
}

}  // namespace

std::vector<LoraInUse> read_loras(const std::vector<std::string>& choices) {
  std::vector<LoraInUse> loras;
  for (const std::string& text : choices) {
    const LoraChoice choice = parse_lora_choice(text);
    loras.push_back({weights::read_lora(choice.path), choice.strength});
  }
  return loras;
}

std::vector<std::string> unmatched_lines(const std::vector<LoraInUse>& loras) {
  std::vector<std::string> lines;
  for (const LoraInUse& use : loras) {
    if (use.unmatched.empty()) continue;
    lines.push_back(fmt::format("LoRA {}: {} layers merged, {} are not in the model: {}", use.lora.name, use.merged,
                                use.unmatched.size(), fmt::join(use.unmatched, ", ")));
  }
  return lines;
}

void load_weights_with_loras(nn::Module& network, const ModelFolder& folder, const std::string& part,
                             std::vector<LoraInUse>& loras, at::ScalarType dtype, at::Device device) {
  weights::TensorMap tensors = read_weights(folder, part);
  std::vector<weights::LoraUse> uses;
  std::vector<LoraInUse*> used;
  for (LoraInUse& use : loras) {
    if (!has_part(use.lora, part)) continue;
    uses.push_back({&use.lora, use.strength, use.strength});
    used.push_back(&use);
  }
  if (!uses.empty()) {
    const auto reports = weights::merge_loras(part, tensors, uses);
    for (std::size_t i = 0; i < reports.size(); ++i) {
      used[i]->merged += reports[i].merged;
      std::copy(reports[i].unmatched.begin(), reports[i].unmatched.end(), std::back_inserter(used[i]->unmatched));
    }
  }
  assign_weights(network, std::move(tensors), (folder.path / part).string(), dtype, device);
}

}  // namespace hotshot::pipeline
