// scheduler/scheduler_config.json of a model folder in the diffusers layout.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "diffusion/discrete_schedule.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"

namespace hotshot::diffusion {

/// What such a file chooses.
struct SchedulerConfig {
  std::string sampler;            // a name of samplers()
  ScheduleOptions schedule = {};  // flow matching or discrete
  SamplerOptions options = {};
  std::string note = {};  // what is not done as the file says; empty if nothing
};

/// Reads UniPCMultistepScheduler, DPMSolverMultistepScheduler (both families of models; dpmsolver++ and
/// sde-dpmsolver++), FlowMatchEulerDiscreteScheduler and, for discrete models, EulerDiscrete-, EulerAncestralDiscrete-,
/// HeunDiscrete-, DPMSolverSDE-, DDIM-, DDPM-, PNDM- (as dpmpp-2m, said in `note`) and LCMScheduler. Missing keys count
/// as diffusers' defaults for the class; keys that the class does not use are passed over. Throws InvalidArgument for
/// another class, and for a setting that would change the numbers and is not supported (clipped samples, thresholding,
/// dynamic shifting …).
SchedulerConfig read_scheduler_config(const nlohmann::json& config);

/// The file that read_scheduler_config gives back as `config`, and that diffusers opens. Throws InvalidArgument for a
/// combination of sampler and schedule that diffusers has no class for.
nlohmann::json write_scheduler_config(const SchedulerConfig& config);

}  // namespace hotshot::diffusion
