// A model on disk: a folder in the diffusers layout. Opening one reads and checks everything but the weights' values.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "diffusion/scheduler_config.h"
#include "model/registry.h"
#include "pipeline/family.h"
#include "pipeline/pixel_size.h"
#include "weights/safetensors.h"

namespace hotshot::pipeline {

/// What model_index.json and a part's files say of one network.
struct PartSummary {
  std::string name;            // "transformer", "unet", "vae", "text_encoder": the folder
  std::string class_name;      // of diffusers or transformers
  nlohmann::json config = {};  // config.json
  std::int64_t parameters = 0;
  std::uint64_t bytes = 0;  // of the weights on disk
  std::string dtypes = {};  // "BF16", or "BF16, F32"
};

/// What a model was trained for and is best used with: the optional hotshot.json of its folder over what its family
/// says; the defaults are those of the published Wan models.
struct Trained {
  int frames = 81;
  int fps = 16;
  std::vector<PixelSize> sizes{{832, 480}};  // the first is the default
  int steps = 50;
  double guidance = 5.0;
  std::string sampler;          // empty: the one of scheduler_config.json
  std::optional<double> shift;  // none: the one of scheduler_config.json
  std::string data;             // what it learned from: kCartoonWorld, or empty where nobody says

  /// All but `sizes`, which is a list of pairs.
  FieldList fields();
};

/// Trained::data of a model that knows the words of src/world.
inline constexpr std::string_view kCartoonWorld = "cartoon world";

/// Reads hotshot.json; what it does not say stays as in `known`. Throws InvalidArgument.
Trained read_trained(const nlohmann::json& json, std::string_view where, Trained known = {});
/// The inverse.
nlohmann::json write_trained(const Trained& trained);

/// An opened folder. A plain value.
struct ModelFolder {
  std::filesystem::path path;
  std::string name;                // of the folder
  std::vector<PartSummary> parts;  // in the order they run
  diffusion::SchedulerConfig scheduler;
  Trained trained;
  std::shared_ptr<const Family> family;

  const PartSummary& part(std::string_view part_name) const;
  std::int64_t parameters() const;
  /// Pixels per step of width and height: sizes are multiples of it.
  int size_step() const { return family->limits().size_step; }
  /// The smallest number of frames the networks make that is at least `frames`.
  int frames_made(int frames) const { return family->frames_made(frames); }
};

/// Opens `path`. Throws InvalidArgument, naming the file and what is wrong, when a part is missing or unknown, when
/// parts do not fit each other, or when names or shapes of the weights do not fit their config.
ModelFolder open_model(const std::filesystem::path& path);

/// The weights of `part` under the names of its network: aliases of the files.
weights::TensorMap read_weights(const ModelFolder& folder, std::string_view part);

/// Gives `network` these weights: aliases where their dtype is the one wanted, else converted. Parameters that keep
/// fp32 get it. Throws InvalidArgument, "[where] …", for names or shapes that do not fit.
void assign_weights(nn::Module& network, weights::TensorMap tensors, const std::string& where, at::ScalarType dtype,
                    at::Device device);

/// Maps and assigns the weights of `part` to `network`: aliases of the file where its dtype is the one wanted, else
/// converted. Parameters that keep fp32 get it.
void load_weights(nn::Module& network, const ModelFolder& folder, std::string_view part, at::ScalarType dtype,
                  at::Device device);

/// The network of `part` with its weights.
template <class Network>
std::unique_ptr<Network> load_network(const ModelFolder& folder, std::string_view part, at::ScalarType dtype,
                                      at::Device device) {
  const PartSummary& summary = folder.part(part);
  auto network = model::build_network<Network>(summary.class_name, part, summary.config, part);
  load_weights(*network, folder, part, dtype, device);
  return network;
}

}  // namespace hotshot::pipeline
