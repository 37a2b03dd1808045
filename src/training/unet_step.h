// Which parameters of a UNet learn, as the steps by which Hotshot-XL came about: the whole network from pictures, then
// layers over frames on top of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/unet.h"
#include "weights/safetensors.h"

namespace hotshot::training {

struct UnetStep {
  std::string_view name;
  std::string_view summary;
  bool (*learns)(const std::string& parameter);
  /// The config of the network it trains, made from one of a network it may start from.
  model::UnetConfig (*shape)(model::UnetConfig config);
  int fewest_frames, most_frames;  // of the clips it learns from
};

/// "spatial" or "temporal"; throws InvalidArgument, listing them, for others.
const UnetStep& find_unet_step(std::string_view name);
/// Nothing of the network learns: it is what a LoRA is trained on.
const UnetStep& frozen_unet();

/// A UNet of which some parameters learn. Those are fp32; the others have the type of activations and never change.
class UnetInTraining {
 public:
  /// Fresh weights.
  UnetInTraining(const UnetStep& step, model::UnetConfig config, std::uint64_t seed, at::Device device,
                 at::ScalarType dtype);
  /// From the part "unet" of a model folder. Layers over frames that it lacks start fresh, so that at first they
  /// change nothing. Throws InvalidArgument for names or shapes that do not fit its config.
  UnetInTraining(const UnetStep& step, const std::filesystem::path& model_folder, std::uint64_t seed, at::Device device,
                 at::ScalarType dtype);

  model::Unet& network() { return *network_; }
  const model::Unet& network() const { return *network_; }
  /// Those that learn.
  std::vector<nn::NamedParameter> parameters() const;
  /// Of the values, as read, that the step does not train.
  std::string digest() const;
  /// Writes the part "unet": what did not learn with the bytes it was read with, the rest in the type it was read with
  /// or in bf16.
  void export_part(const std::filesystem::path& model_folder) const;

 private:
  void settle(at::Device device, at::ScalarType dtype);

  const UnetStep& step_;
  std::unique_ptr<model::Unet> network_;
  weights::TensorMap source_;  // as read; empty for fresh weights
};

}  // namespace hotshot::training
