// What the samplers share: one run in progress. Internal to diffusion.
#pragma once

#include "diffusion/sampler.h"

namespace hotshot::diffusion {

/// The arguments of sample(), and the two things every sampler does with them.
struct SamplerRun {
  const Denoiser& denoiser;
  const Schedule& schedule;
  const SamplerOptions& options;
  const StepCallback& on_step;

  int steps() const { return schedule.steps(); }
  double sigma(int index) const { return schedule.sigmas[index]; }
  /// log(alpha / sigma), half the log signal-to-noise ratio; infinite at sigma 0, large but finite at sigma 1.
  double lambda(int index) const;
  /// The velocity at sigmas[index], in the type of the latents.
  at::Tensor velocity(const at::Tensor& latents, int index, int step, int call = 0) const;
  /// The data guessed from the latents at sigmas[index].
  at::Tensor x0(const at::Tensor& latents, int index, int step) const;
  /// Tells the caller that a step is done.
  void finish_step(int step, const at::Tensor& latents, const at::Tensor& x0) const;
};

/// UniPC (Zhao et al. 2023), data prediction.
at::Tensor unipc(const SamplerRun& run, at::Tensor latents);

}  // namespace hotshot::diffusion
