#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "weights/lora.h"

namespace hotshot::weights {
namespace {

constexpr std::string_view kWeight = ".weight";

std::int64_t product(const Shape& shape, std::size_t from) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(from), shape.end(), std::int64_t{1},
                         std::multiplies<>());
}

// A half as an fp32 matrix, its kernel's cells with its inputs.
at::Tensor as_matrix(const at::Tensor& half) { return half.to(at::kFloat).flatten(1); }

bool is_finite(const LoraLayer& layer) {
  for (const at::Tensor& tensor : {layer.down, layer.up, layer.mid})
    if (tensor.defined() && !at::isfinite(tensor.to(at::kFloat)).all().item<bool>()) return false;
  return true;
}

struct Change {
  const LoraLayer* layer;
  double strength;
};
using Changes = std::map<std::string, std::vector<Change>>;  // by parameter

// The layers of a part by the parameter they change. Some files hold a layer under both namings; that of diffusers
// counts, as it does there.
std::map<std::string, const LoraLayer*> matched(const Lora& lora, std::string_view part, const LoraTargets& targets,
                                                LoraReport& report) {
  std::map<std::string, const LoraLayer*> layers;
  for (const LoraLayer& layer : lora.layers) {
    if (layer.part != part) continue;
    const auto target = targets.find(layer.module);
    if (target == targets.end()) {
      report.unmatched.push_back(layer.key);
      continue;
    }
    const LoraLayer*& place = layers[target->second];
    std::string own = target->second.substr(0, target->second.size() - kWeight.size());
    std::replace(own.begin(), own.end(), '.', '_');
    if (place == nullptr || layer.module == own) place = &layer;
  }
  report.merged = static_cast<int>(layers.size());
  return layers;
}

std::string family_text(const Family* family) { return family == nullptr ? "another network" : family->name; }

void require_fit(const Lora& lora, const LoraLayer& layer, const Shape& shape, const Layout& parameters) {
  if (layer.fits(shape)) return;
  const Family* network = family_of_unet(parameters);
  throw_invalid(fmt::format("lora {}", lora.name),
                fmt::format("expected a LoRA for {} but got one for {}: '{}' changes {} × {} values of a weight [{}]",
                            network == nullptr ? "this network" : network->name, family_text(family_of_lora(lora)),
                            layer.key, layer.up.size(0), layer.down.flatten(1).size(1), fmt::join(shape, ", ")));
}

}  // namespace

bool LoraLayer::fits(const Shape& shape) const {
  if (shape.size() < 2 || up.size(0) != shape[0]) return false;
  if (!mid.defined()) return down.flatten(1).size(1) == product(shape, 1);
  return shape.size() == 4 && down.flatten(1).size(1) == shape[1] && mid.size(2) == shape[2] && mid.size(3) == shape[3];
}

void LoraLayer::add_to(const at::Tensor& weight, double strength) const {
  const double factor = strength * scale;
  const at::Tensor up_or = as_matrix(up);
  const at::Tensor down_ri = as_matrix(down);
  if (!mid.defined()) {
    weight.flatten(1).addmm_(up_or, down_ri, /*beta=*/1, factor);
    return;
  }
  const at::Tensor up_mid_orc = up_or.mm(as_matrix(mid)).unflatten(1, {rank(), -1});  // c: cells of the kernel
  const at::Tensor delta_oci = up_mid_orc.transpose(1, 2).matmul(down_ri);
  weight.flatten(2).add_(delta_oci.transpose(1, 2), factor);
}

void require_family(const Lora& lora, const Family& family) {
  const Family* made_for = family_of_lora(lora);
  const bool fits = made_for == nullptr || made_for->name == family.name;
  require(fits, fmt::format("lora {}", lora.name), "expected a LoRA for {} but got one for {}", family.name,
          family_text(made_for));
}

std::vector<LoraReport> merge_loras(std::string_view part, TensorMap& tensors, std::span<const LoraUse> uses) {
  const Layout parameters = layout_of(tensors);
  const LoraTargets targets = lora_targets(part, parameters);
  std::vector<LoraReport> reports;
  Changes changes;
  for (const LoraUse& use : uses) {
    const std::string where = fmt::format("lora {}", use.lora->name);
    const double strength = part == "unet" ? use.unet_strength : use.text_strength;
    require(std::isfinite(strength), where, "expected a finite strength but got {}", strength);
    LoraReport& report = reports.emplace_back();
    for (const auto& [parameter, layer] : matched(*use.lora, part, targets, report)) {
      require_fit(*use.lora, *layer, parameters.at(parameter), parameters);
      require(is_finite(*layer), where, "expected finite numbers in '{}'", layer->key);
      if (strength != 0) changes[parameter].push_back({layer, strength});
    }
    require(report.merged > 0 || report.unmatched.empty(), where,
            "expected layers of this {} but it has none of the {} in the file, such as '{}'", part,
            report.unmatched.size(), report.unmatched.empty() ? "" : report.unmatched.front().substr(0, 200));
  }
  const at::NoGradGuard no_grad;
  for (const auto& [parameter, layers] : changes) {
    at::Tensor& weight = tensors.at(parameter);
    const at::Tensor sum = weight.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true).contiguous();
    for (const auto& [layer, strength] : layers) layer->add_to(sum, strength);
    weight = sum.to(weight.scalar_type());
  }
  return reports;
}

}  // namespace hotshot::weights
