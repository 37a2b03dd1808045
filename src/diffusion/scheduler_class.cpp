#include "diffusion/scheduler_class.h"

#include <nlohmann/json.hpp>

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

// Of every class; a row repeats those it has otherwise.
constexpr std::string_view kTable = R"({"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02,
    "beta_schedule": "linear", "trained_betas": null, "timestep_spacing": "linspace", "steps_offset": 0,
    "prediction_type": "epsilon"})";

constexpr std::string_view kSigmas =
    R"({"use_karras_sigmas": false, "use_exponential_sigmas": false, "use_beta_sigmas": false})";

constexpr std::string_view kMultistep = R"({"use_karras_sigmas": false, "use_exponential_sigmas": false,
    "use_beta_sigmas": false, "final_sigmas_type": "zero", "rescale_betas_zero_snr": false, "thresholding": false,
    "use_flow_sigmas": false, "flow_shift": 1.0, "use_dynamic_shifting": false, "solver_order": 2,
    "lower_order_final": true})";

constexpr std::string_view kDpm = R"({"algorithm_type": "dpmsolver++", "solver_type": "midpoint",
    "euler_at_final": false, "use_lu_lambdas": false, "variance_type": null,
    "lambda_min_clipped": null})";

// Of every class that has them.
constexpr std::string_view kFixed = R"({"trained_betas": null, "thresholding": false,
    "clip_sample": false, "use_dynamic_shifting": false, "shift_terminal": null, "invert_sigmas": false,
    "stochastic_sampling": false, "solver_p": null, "predict_x0": true, "sigma_min": null, "sigma_max": null,
    "interpolation_type": "linear", "timestep_type": "discrete", "euler_at_final": false, "use_lu_lambdas": false,
    "lambda_min_clipped": null})";

constexpr std::array kClasses = std::to_array<SchedulerClass>({
    {"UniPCMultistepScheduler",
     "unipc",
     "unipc",
     "unipc",
     {kTable, kMultistep,
      R"({"solver_type": "bh2", "disable_corrector": [], "predict_x0": true, "solver_p": null, "shift_terminal": null,
          "sigma_min": null, "sigma_max": null})"}},
    {"DPMSolverMultistepScheduler",
     "dpmpp-2m",
     "dpmpp",
     "dpmpp",
     {kTable, kMultistep, kDpm},
     R"({"algorithm_type": "dpmsolver++", "solver_type": "midpoint", "solver_order": 2, "variance_type": null})"},
    {"DPMSolverMultistepScheduler",
     "dpmpp-2m-sde",
     "dpmpp",
     "dpmpp",
     {kTable, kMultistep, kDpm},
     R"({"algorithm_type": "sde-dpmsolver++", "solver_type": "midpoint", "solver_order": 2, "variance_type": null})"},
    {"FlowMatchEulerDiscreteScheduler",
     "euler",
     "",
     "flow-match-euler",
     {R"({"num_train_timesteps": 1000, "shift": 1.0, "use_dynamic_shifting": false, "shift_terminal": null,
          "invert_sigmas": false, "stochastic_sampling": false})",
      kSigmas, "{}"}},
    {"EulerAncestralDiscreteScheduler",
     "euler-ancestral",
     "euler",
     "",
     {kTable, R"({"rescale_betas_zero_snr": false})", "{}"}},
    {"EulerDiscreteScheduler",
     "euler",
     "euler",
     "",
     {kTable, kSigmas,
      R"({"rescale_betas_zero_snr": false, "final_sigmas_type": "zero", "interpolation_type": "linear",
          "timestep_type": "discrete", "sigma_min": null, "sigma_max": null})"}},
    {"HeunDiscreteScheduler",
     "heun",
     "euler",
     "",
     {kTable, kSigmas, R"({"beta_start": 0.00085, "beta_end": 0.012, "clip_sample": false})"}},
    {"DPMSolverSDEScheduler",
     "dpmpp-sde",
     "euler",
     "",
     {kTable, kSigmas, R"({"beta_start": 0.00085, "beta_end": 0.012})"}},
    {"DDIMScheduler",
     "ddim",
     "ddim",
     "",
     {kTable, R"({"timestep_spacing": "leading", "set_alpha_to_one": true, "clip_sample": true})",
      R"({"thresholding": false, "rescale_betas_zero_snr": false})"}},
    {"DDPMScheduler",
     "euler-ancestral",
     "ddim",
     "",
     {kTable, R"({"timestep_spacing": "leading", "clip_sample": true, "variance_type": "fixed_small"})",
      R"({"thresholding": false, "rescale_betas_zero_snr": false})"},
     R"({"variance_type": "fixed_small"})"},
    {"PNDMScheduler",
     "dpmpp-2m",
     "ddim",
     "",
     {kTable, R"({"timestep_spacing": "leading", "set_alpha_to_one": false})", "{}"},
     "{}",
     "PNDMScheduler is run as dpmpp-2m, which needs fewer steps"},
    {"LCMScheduler",
     "lcm",
     "lcm",
     "",
     {kTable,
      R"({"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "timestep_spacing": "leading"})",
      R"({"original_inference_steps": 50, "timestep_scaling": 10.0, "clip_sample": false, "thresholding": false,
          "rescale_betas_zero_snr": false})"}},
});

}  // namespace

std::span<const SchedulerClass> scheduler_classes() { return kClasses; }

json keys_of(const SchedulerClass& scheduler) {
  json keys = json::object();
  for (const std::string_view group : scheduler.keys) keys.update(json::parse(group));
  return keys;
}

json fixed_of(const SchedulerClass& scheduler) {
  json fixed = json::parse(kFixed);
  fixed.update(json::parse(scheduler.fixed));
  const json keys = keys_of(scheduler);
  json own = json::object();
  for (const auto& [key, value] : fixed.items()) {
    if (keys.contains(key)) own[key] = value;
  }
  return own;
}

}  // namespace hotshot::diffusion
