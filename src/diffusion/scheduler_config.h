// scheduler/scheduler_config.json of a model folder in the diffusers layout.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "diffusion/sampler.h"
#include "diffusion/schedule.h"

namespace hotshot::diffusion {

/// What such a file chooses.
struct SchedulerConfig {
  std::string sampler;  // a name of samplers()
  FlowScheduleOptions schedule = {};
  SamplerOptions options = {};
};

/// Reads UniPCMultistepScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler and
/// FlowMatchHeunDiscreteScheduler. Keys that do not matter for flow matching are passed over. Throws InvalidArgument
/// for another class, and for a setting that would change the numbers and is not supported (a prediction type other
/// than flow prediction, Karras sigmas, thresholding …).
SchedulerConfig read_scheduler_config(const nlohmann::json& config);

/// The file for a model trained here: read_scheduler_config gives the same back, and diffusers opens it.
nlohmann::json write_scheduler_config(const SchedulerConfig& config);

}  // namespace hotshot::diffusion
