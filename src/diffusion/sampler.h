// Runs from noise to data, for models of either family: flow matching and discrete diffusion (schedule.h). A sampler
// never sees a network: it gets a function. It is a pure function of that function's answers and of a noise source
// that is addressed by step. Adding one: a function and a row in sampler.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "diffusion/schedule.h"

namespace hotshot::diffusion {

/// Where the sampler stands when it asks the network.
struct DenoiserCall {
  int step = 0;           // 0-based step this call serves
  int call = 0;           // 0-based call within the step
  double sigma = 0.0;     // noise level of the latents
  double timestep = 0.0;  // the same as the model wants it
};

/// The network's answer of the kind schedule.prediction (flow: the velocity), of the shape of its input, in any
/// floating type. The caller folds guidance and text in. `input` is scaled as the network was trained (flow: the
/// latents as they are); it comes as fp32 (fp64 if the run began with fp64), on the device the run began on. Must not
/// write to it.
using Denoiser = std::function<at::Tensor(const at::Tensor& input, const DenoiserCall& call)>;

/// Standard normal noise of the shape, type and device of `like`, the same for the same (step, call).
using NoiseSource = std::function<at::Tensor(const at::Tensor& like, int step, int call)>;

/// Counter noise: depends on (seed, step, call) and the shape alone, never on the device or the number of threads.
NoiseSource seeded_noise(std::uint64_t seed);

/// What a step left behind.
struct StepResult {
  int done = 0;        // steps finished, 1..steps
  int steps = 0;       // steps of the run
  double sigma = 0.0;  // noise level of `latents`
  at::Tensor latents;  // where the run stands; may be written to in place, and the run goes on from there (inpainting)
  at::Tensor x0;       // the data as the model guesses it now: what a preview should show
};

/// Called after each step, on the sampling thread. May throw (Cancelled) to stop the run.
using StepCallback = std::function<void(const StepResult&)>;

/// Settings of samplers, each passed over by those that have no use for it; names and defaults as in diffusers'
/// scheduler_config.json.
struct SamplerOptions {
  int solver_order = 2;             // unipc: 1, 2 or 3
  std::string solver_type = "bh2";  // unipc: "bh1" or "bh2", the B(h) of Zhao et al. 2023
  bool lower_order_final = true;  // unipc: lower the order over the last steps; dpmpp-2m*: in the last, under 15 steps
  std::vector<int> disable_corrector = {};  // unipc: steps whose result is not corrected
  std::optional<double> eta = {};           // euler*, ddim, dpmpp-*: fresh noise in [0, 1]; none: SamplerInfo::eta
  double timestep_scaling = 10.0;           // lcm: how soon its answer is trusted (Luo et al. 2023, appendix)
  FieldList fields();
};

/// What a list of samplers shows.
struct SamplerInfo {
  std::string_view name;
  std::string_view summary;
  int calls_per_step;  // calls of the network
  int order;           // global order of accuracy with default options, in distribution where noise is fresh; 0: none
  double eta;          // share of fresh noise in a step: 0 follows the ODE, 1 the reverse SDE (Song et al. 2021)
  std::string_view grid;  // DiscreteScheduleOptions::grid that belongs to it
};

/// All samplers, in the order they should be listed.
std::span<const SamplerInfo> samplers();

/// alpha x0 + sigma eps at schedule.sigmas[index]: where a run over a cut schedule starts (index 0), and what a held
/// part of the picture looks like after step `index` - 1. fp32 (fp64 for fp64 data).
at::Tensor noised(const Schedule& schedule, int index, const at::Tensor& x0, const at::Tensor& eps);

/// Runs `sampler` over the schedule, from latents at schedule.sigmas.front() (from nothing: schedule.noise_scale times
/// noise) to latents at schedule.sigmas.back(). Samplers whose eta is not 0 need `noise`. No gradients are recorded.
/// Throws InvalidArgument for an unknown sampler, options out of range or an impossible schedule, std::runtime_error
/// when the denoiser returns another shape or noise is missing.
at::Tensor sample(std::string_view sampler, const Denoiser& denoiser, const at::Tensor& latents,
                  const Schedule& schedule, const SamplerOptions& options = {}, const StepCallback& on_step = {},
                  const NoiseSource& noise = {});

}  // namespace hotshot::diffusion
