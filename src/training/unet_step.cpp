#include "training/unet_step.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "model/registry.h"
#include "model/temporal_transformer.h"
#include "weights/layout.h"
#include "weights/part.h"

namespace hotshot::training {
namespace {

using model::UnetConfig;

bool is_temporal(const std::string& name) { return name.find(".temporal_attentions.") != std::string::npos; }

UnetConfig as_it_is(UnetConfig config) { return config; }

// Blocks in 3D: residual blocks of a clip share their statistics, and transformers over frames follow them.
UnetConfig with_frames(UnetConfig config) {
  const auto in_3d = [](std::string& type) {
    if (type.ends_with("2D") || type.ends_with("2DCrossAttn")) type[type.rfind("2D")] = '3';
  };
  for (std::string& type : config.down_block_types) in_3d(type);
  for (std::string& type : config.up_block_types) in_3d(type);
  in_3d(config.mid_block_type);
  return config;
}

constexpr std::array kSteps = std::to_array<UnetStep>({
    {"spatial", "all of the network, from pictures", [](const std::string& name) { return !is_temporal(name); },
     as_it_is, 1, 1},
    {"temporal", "the layers over frames alone, from clips", is_temporal, with_frames, 2, model::kTemporalPositions},
});

constexpr UnetStep kFrozen{"frozen", "nothing", [](const std::string&) { return false; }, as_it_is, 1, 1};

weights::Layout layout_of(const std::vector<nn::NamedParameter>& parameters, bool with_temporal) {
  weights::Layout layout;
  for (const auto& [name, parameter] : parameters) {
    if (with_temporal || !is_temporal(name)) layout[name] = parameter->tensor.sizes().vec();
  }
  return layout;
}

UnetConfig config_in(const std::filesystem::path& folder) {
  return UnetConfig::from_json(read_json(folder / "config.json"), (folder / "config.json").string());
}

}  // namespace

const UnetStep& find_unet_step(std::string_view name) {
  std::vector<std::string> known;
  for (const UnetStep& step : kSteps) {
    if (step.name == name) return step;
    known.emplace_back(step.name);
  }
  throw_unknown("train step", name, known);
}

const UnetStep& frozen_unet() { return kFrozen; }

UnetInTraining::UnetInTraining(const UnetStep& step, UnetConfig config, std::uint64_t seed, at::Device device,
                               at::ScalarType dtype)
    : step_(step), network_(std::make_unique<model::Unet>(step.shape(std::move(config)))) {
  network_->initialize(seed);
  settle(device, dtype);
}

UnetInTraining::UnetInTraining(const UnetStep& step, const std::filesystem::path& model_folder, std::uint64_t seed,
                               at::Device device, at::ScalarType dtype)
    : step_(step) {
  const std::filesystem::path folder = model_folder / "unet";
  network_ = std::make_unique<model::Unet>(step.shape(config_in(folder)));
  source_ = weights::read_part(folder);
  const bool has_temporal =
      std::any_of(source_.begin(), source_.end(), [](const auto& entry) { return is_temporal(entry.first); });
  const std::vector<nn::NamedParameter> all = network_->parameters();
  weights::require_layout(layout_of(all, has_temporal), weights::layout_of(source_), folder.string());
  std::vector<nn::NamedParameter> fresh;
  for (const nn::NamedParameter& named : all) {
    const auto found = source_.find(named.name);
    if (found == source_.end()) {
      fresh.push_back(named);
    } else {
      named.parameter->tensor = found->second;
    }
  }
  nn::initialize(fresh, seed);
  settle(device, dtype);
}

void UnetInTraining::settle(at::Device device, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : network_->parameters()) {
    const bool learns = step_.learns(name) && !parameter->fixed;
    const at::ScalarType type = learns || parameter->keep_fp32 ? at::kFloat : dtype;
    // A copy where it learns: what was read stays as it was.
    parameter->tensor = parameter->tensor.to(at::TensorOptions(device).dtype(type), /*non_blocking=*/false, learns);
    if (learns) parameter->tensor = parameter->tensor.contiguous().set_requires_grad(true);
  }
}

std::vector<nn::NamedParameter> UnetInTraining::parameters() const {
  std::vector<nn::NamedParameter> learning;
  for (const nn::NamedParameter& named : network_->parameters()) {
    if (step_.learns(named.name) && !named.parameter->fixed) learning.push_back(named);
  }
  return learning;
}

std::string UnetInTraining::digest() const {
  Sha256 digest;
  for (const auto& [name, tensor] : source_) {
    if (step_.learns(name)) continue;
    const at::Tensor values = tensor.contiguous();
    digest.update(name);
    digest.update({static_cast<const char*>(values.data_ptr()), values.nbytes()});
  }
  return digest.hex();
}

void UnetInTraining::export_part(const std::filesystem::path& model_folder) const {
  weights::TensorMap tensors = source_;
  for (const auto& [name, parameter] : network_->parameters()) {
    at::Tensor& tensor = tensors[name];
    const bool learned = step_.learns(name) && !parameter->fixed;
    if (tensor.defined() && !learned) continue;
    const at::ScalarType own = parameter->keep_fp32 ? at::kFloat : at::kBFloat16;
    tensor = parameter->tensor.detach().to(at::kCPU, tensor.defined() ? tensor.scalar_type() : own);
  }
  const std::filesystem::path folder = model_folder / "unet";
  weights::write_part(folder, "diffusion_pytorch_model", tensors);
  write_file(folder / "config.json", network_->config().to_json().dump(2) + "\n");
}

}  // namespace hotshot::training
