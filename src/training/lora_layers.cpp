#include "training/lora_layers.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace hotshot::training {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr std::array<std::string_view, 4> kAttention{".to_q.weight", ".to_k.weight", ".to_v.weight",
                                                     ".to_out.0.weight"};
constexpr std::array<std::string_view, 2> kFeedForward{".ff.net.0.proj.weight", ".ff.net.2.weight"};

bool is_changed(std::string_view name, bool feed_forward) {
  if (name.find(".attentions.") == std::string_view::npos) return false;  // temporal_attentions are others
  const auto ends = [name](std::string_view end) { return name.ends_with(end); };
  return std::any_of(kAttention.begin(), kAttention.end(), ends) ||
         (feed_forward && std::any_of(kFeedForward.begin(), kFeedForward.end(), ends));
}

}  // namespace

LoraLayers::Layer::Layer(std::string name, nn::Parameter* changed, const LoraShape& shape)
    : weight(std::move(name)),
      parameter(changed),
      change(changed->tensor.size(1), changed->tensor.size(0), shape.rank, shape.alpha / shape.rank) {}

LoraLayers::LoraLayers(model::Unet& unet, const LoraShape& shape, std::uint64_t seed) {
  for (const auto& [name, parameter] : unet.parameters()) {
    if (!is_changed(name, shape.feed_forward)) continue;
    parameter->low_rank = &layers_.emplace_back(name, parameter, shape).change;
  }
  nn::initialize(parameters(), seed);
  for (Layer& layer : layers_) {
    layer.change.to(layer.parameter->tensor.device(), at::kFloat);
    layer.change.requires_grad(true);
  }
}

LoraLayers::~LoraLayers() {
  for (Layer& layer : layers_) layer.parameter->low_rank = nullptr;
}

std::vector<nn::NamedParameter> LoraLayers::parameters() {
  std::vector<nn::NamedParameter> all;
  for (Layer& layer : layers_) {
    const std::string module = layer.weight.substr(0, layer.weight.size() - kWeight.size());
    for (const auto& [name, parameter] : layer.change.parameters()) all.push_back({module + "." + name, parameter});
  }
  return all;
}

std::vector<weights::TrainedLayer> LoraLayers::trained(at::ScalarType dtype) const {
  std::vector<weights::TrainedLayer> trained;
  for (const Layer& layer : layers_) {
    const auto half = [dtype](const at::Tensor& x) { return x.detach().to(at::kCPU, dtype).contiguous(); };
    trained.push_back({"unet", layer.weight, half(layer.change.down()), half(layer.change.up())});
  }
  return trained;
}

}  // namespace hotshot::training
