// One ControlNet of a run, with its picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "model/controlnet.h"
#include "pipeline/frame_windows.h"
#include "pipeline/request.h"

namespace hotshot::pipeline {

class ControlNetwork {
 public:
  /// Loads ControlNet `index` of the plan's files (a folder or file) and its picture or clip. Throws InvalidArgument,
  /// also for one of another family than the UNet's.
  ControlNetwork(const Plan& plan, std::size_t index, const model::UnetConfig& unet);

  /// Whether it acts in a step (0-based) of `steps`: not where the step begins before its start or ends after its end.
  bool acts(int step, int steps) const;

  /// What it tells the UNet of the frames of a window; row `first_row` is the first of the context's rows, of which row
  /// 0 is the prompt's. In guess mode the other rows are told nothing (diffusers).
  model::ControlResiduals residuals(const at::Tensor& latents_bcfhw, const at::Tensor& timestep_b,
                                    const model::UnetContext& context, const FrameWindow& window,
                                    std::int64_t first_row) const;

 private:
  std::unique_ptr<model::ControlNet> network_;
  at::Tensor picture_bcfhw_;  // [1, 3, f, h, w] in [0, 1]
  double scale_, start_, end_;
  bool guesses_;
};

}  // namespace hotshot::pipeline
