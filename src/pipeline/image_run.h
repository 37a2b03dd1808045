// Carrying out a plan with Stable Diffusion's networks.
#pragma once

#include <memory>

#include "base/progress.h"
#include "pipeline/family.h"
#include "pipeline/image_family.h"

namespace hotshot::pipeline {

/// Encodes texts and footage and loads the UNet with its LoRAs and ControlNets. `folder`, `configs` and `plan` must
/// outlive the run.
std::unique_ptr<Run> begin_image_run(const ModelFolder& folder, const ImageConfigs& configs, const Plan& plan,
                                     Progress* progress);

}  // namespace hotshot::pipeline
