#include "pipeline/control_network.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "media/edges.h"
#include "model/registry.h"
#include "pipeline/footage.h"
#include "pipeline/parts.h"
#include "weights/family.h"
#include "weights/network_file.h"

namespace hotshot::pipeline {
namespace {

double value_at(const std::vector<double>& list, std::size_t index, double otherwise) {
  return index < list.size() ? list[index] : otherwise;
}

struct Opened {
  std::unique_ptr<model::ControlNet> network;  // without weights
  weights::TensorMap tensors;                  // aliases of the file
};

// A folder in the diffusers layout, or a single file of a known family; one that fits the UNet.
Opened open(const std::filesystem::path& path, const model::UnetConfig& unet) {
  nlohmann::json config;
  Opened opened;
  const auto& network_class = model::find_network_class("ControlNetModel", "controlnet", path.string());
  if (std::filesystem::is_directory(path)) {
    config = read_object(path / "config.json");
    opened.tensors = model::read_tensors(network_class, path);
  } else {
    weights::ControlnetFile file = weights::read_controlnet_file(path);
    config = weights::part_config(file.family, "controlnet");
    opened.tensors = std::move(file.tensors);
  }
  opened.network = model::build_network<model::ControlNet>("ControlNetModel", "controlnet", config, path.string());
  const model::ControlNetConfig& own = opened.network->config();
  const bool fits = own.text_width() == unet.text_width() && own.block_out_channels == unet.block_out_channels &&
                    own.layers_per_block == unet.layers_per_block;
  require(fits, "controlnet",
          "expected one for the model's unet (text of width {}) but '{}' is for another family (text of width {})",
          unet.text_width(), path.string(), own.text_width());
  return opened;
}

std::unique_ptr<model::ControlNet> load(const std::filesystem::path& path, const model::UnetConfig& unet,
                                        at::ScalarType dtype, at::Device device) {
  Opened opened = open(path, unet);
  assign_weights(*opened.network, std::move(opened.tensors), path.string(), dtype, device);
  return std::move(opened.network);
}

Frames edges_of(const Frames& frames, const std::string& kind) {
  if (kind == "canny") return media::canny(frames);
  return kind == "soft" ? media::soft_edges(frames) : frames;
}

}  // namespace

std::uint64_t check_control_network(const std::filesystem::path& path, const model::UnetConfig& unet) {
  return static_cast<std::uint64_t>(open(path, unet).network->parameter_count());
}

ControlNetwork::ControlNetwork(const Plan& plan, std::size_t index, const model::UnetConfig& unet)
    : network_(load(plan.settled.files.controlnet[index], unet, plan.dtype, plan.device)),
      scale_(value_at(plan.settled.files.control_scale, index, 1)),
      start_(value_at(plan.settled.files.control_start, index, 0)),
      end_(value_at(plan.settled.files.control_end, index, 1)),
      guesses_(plan.settled.files.control_guess) {
  prompt_alone_ = guesses_ || network_->config().global_pool_conditions;
  const Frames frames = read_footage(plan.settled.files.control[index], plan.size, plan.frames_made, plan.fps);
  picture_bcfhw_ =
      unit_values(edges_of(frames, plan.settled.files.edges_of_control(index))).to(plan.device, plan.dtype);
}

bool ControlNetwork::acts(int step, int steps, std::int64_t first_row) const {
  if (prompt_alone_ && first_row > 0) return false;
  return static_cast<double>(step) / steps >= start_ && static_cast<double>(step + 1) / steps <= end_;
}

model::ControlResiduals ControlNetwork::residuals(const at::Tensor& latents, const at::Tensor& timestep_b,
                                                  const model::UnetContext& context, const FrameWindow& window) const {
  const std::int64_t rows = latents.size(0), told = prompt_alone_ ? 1 : rows;
  const at::Tensor picture = picture_bcfhw_.narrow(2, window.begin, window.count).expand({told, -1, -1, -1, -1});
  model::ControlResiduals residuals =
      (*network_)(latents.narrow(0, 0, told), timestep_b.narrow(0, 0, told), context.narrow(0, told), picture,
                  {.scale = scale_, .decaying = guesses_});
  if (told == rows) return residuals;
  const auto followed_by_zeros = [&](at::Tensor& x_nchw) {
    auto shape = x_nchw.sizes().vec();
    shape[0] *= rows - told;
    x_nchw = at::cat({x_nchw, at::zeros(shape, x_nchw.options())});
  };
  for (at::Tensor& skip : residuals.skips_nchw) followed_by_zeros(skip);
  followed_by_zeros(residuals.middle_nchw);
  return residuals;
}

}  // namespace hotshot::pipeline
