// One ControlNet of a run, with its picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "model/controlnet.h"
#include "pipeline/frame_windows.h"
#include "pipeline/request.h"

namespace hotshot::pipeline {

/// Reads the config and the names of a ControlNet's folder or file; returns its number of weights. Throws
/// InvalidArgument for what is none, and for one of another family than the UNet's.
std::uint64_t check_control_network(const std::filesystem::path& path, const model::UnetConfig& unet);

class ControlNetwork {
 public:
  /// Loads ControlNet `index` of the plan's files (a folder or file) and its picture or clip. Throws InvalidArgument,
  /// also for one of another family than the UNet's.
  ControlNetwork(const Plan& plan, std::size_t index, const model::UnetConfig& unet);

  /// Whether it acts in a step (0-based) of `steps` on rows of the context from `first_row` on: not where the step
  /// begins before its start or ends after its end, nor without row 0, the prompt's, for one that acts on the prompt
  /// alone.
  bool acts(int step, int steps, std::int64_t first_row) const;

  /// What it tells the UNet of the frames of a window. One that acts on the prompt alone (guess mode, and networks with
  /// global_pool_conditions) tells the rows behind the first nothing, as in diffusers.
  model::ControlResiduals residuals(const at::Tensor& latents_bcfhw, const at::Tensor& timestep_b,
                                    const model::UnetContext& context, const FrameWindow& window) const;

 private:
  std::unique_ptr<model::ControlNet> network_;
  at::Tensor picture_bcfhw_;  // [1, 3, f, h, w] in [0, 1]
  double scale_, start_, end_;
  bool guesses_, prompt_alone_;
};

}  // namespace hotshot::pipeline
