// Integrates dx/dsigma = v(x, sigma) from noise to data. A sampler never sees a network: it gets a function.
// Adding one: a function and a row in sampler.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "diffusion/schedule.h"

namespace hotshot::diffusion {

/// Where the sampler stands when it asks for a velocity.
struct DenoiserCall {
  int step = 0;           // 0-based step this call serves
  int call = 0;           // 0-based call within the step
  double sigma = 0.0;     // noise level of the latents
  double timestep = 0.0;  // the same as the model wants it
};

/// The velocity v(x, sigma), of the shape of the latents, in any floating type. The caller folds guidance, text and
/// scaling in. Latents come as fp32 (fp64 if the run began with fp64), on the device the run began on. Must not write
/// to them.
using Denoiser = std::function<at::Tensor(const at::Tensor& latents, const DenoiserCall& call)>;

/// What a step left behind.
struct StepResult {
  int done = 0;        // steps finished, 1..steps
  int steps = 0;       // steps of the run
  double sigma = 0.0;  // noise level of `latents`
  at::Tensor latents;  // where the run stands
  at::Tensor x0;       // the data as the model guesses it now: what a preview should show
};

/// Called after each step, on the sampling thread. May throw (Cancelled) to stop the run.
using StepCallback = std::function<void(const StepResult&)>;

/// Settings of the multistep samplers; names and defaults as in diffusers' scheduler_config.json.
struct SamplerOptions {
  int solver_order = 2;             // unipc: 1, 2 or 3
  std::string solver_type = "bh2";  // unipc: "bh1" or "bh2", the B(h) of Zhao et al. 2023
  bool lower_order_final = true;    // unipc: lower the order over the last steps; dpmpp-2m: in the last, under 15 steps
  std::vector<int> disable_corrector = {};  // unipc: steps whose result is not corrected
  FieldList fields();
};

/// What a list of samplers shows.
struct SamplerInfo {
  std::string_view name;
  std::string_view summary;
  int calls_per_step;  // velocity evaluations
  int order;           // global order of accuracy with default options
};

/// All samplers, in the order they should be listed.
std::span<const SamplerInfo> samplers();

/// Runs `sampler` over the schedule, from latents at schedule.sigmas.front() to latents at schedule.sigmas.back().
/// No gradients are recorded. Throws InvalidArgument for an unknown sampler, options out of range or an impossible
/// schedule, std::runtime_error when the denoiser returns another shape.
at::Tensor sample(std::string_view sampler, const Denoiser& denoiser, const at::Tensor& latents,
                  const Schedule& schedule, const SamplerOptions& options = {}, const StepCallback& on_step = {});

}  // namespace hotshot::diffusion
