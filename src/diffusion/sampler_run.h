// What the samplers share: one run in progress. Internal to diffusion.
#pragma once

#include "diffusion/prediction.h"
#include "diffusion/sampler.h"

namespace hotshot::diffusion {

/// A noise level: latents there are alpha x0 + sigma eps.
struct Level {
  double alpha = 1.0;
  double sigma = 0.0;
  double timestep = 0.0;

  /// log(alpha / sigma), half the log signal-to-noise ratio; infinite at sigma 0, large but finite at alpha 0.
  double lambda() const;
};

/// Latents at a level and the network's answer to them, which together say what is data in them and what is noise.
class Guess {
 public:
  Guess(at::Tensor latents, at::Tensor input, at::Tensor answer, const Level& level, const Prediction& prediction);

  /// data x0 + noise eps.
  at::Tensor mix(double data, double noise) const;
  at::Tensor x0() const { return mix(1.0, 0.0); }
  /// The latents as the network saw them.
  const at::Tensor& input() const { return input_; }

 private:
  at::Tensor latents_, input_, answer_;
  Level level_;
  const Prediction& prediction_;
};

/// The arguments of sample(), and what every sampler does with them.
struct SamplerRun {
  const Denoiser& denoiser;
  const Schedule& schedule;
  const SamplerOptions& options;
  const StepCallback& on_step;
  const NoiseSource& noise;
  const Prediction& prediction;
  double eta;

  int steps() const { return schedule.steps(); }
  double sigma(int index) const { return schedule.sigmas[index]; }
  double alpha(int index) const { return 1.0 - schedule.fade * sigma(index); }
  double lambda(int index) const { return level(index).lambda(); }
  Level level(int index) const;
  /// The level halfway in lambda between two.
  Level between(const Level& from, const Level& to) const;

  /// Asks the network about latents at a level.
  Guess ask(const at::Tensor& latents, const Level& level, int step, int call = 0) const;
  /// Noise of a step, like the latents.
  at::Tensor draw(const at::Tensor& latents, int step, int call = 0) const;
  /// Tells the caller that a step is done.
  void finish_step(int step, const at::Tensor& latents, const at::Tensor& x0) const;
};

/// DPM-Solver++(2M) and its stochastic form (Lu et al. 2022b, algorithm 2 and section 6).
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor latents);
/// The stochastic single-step DPM-Solver++ that is known as DPM++ SDE.
at::Tensor dpmpp_sde(const SamplerRun& run, at::Tensor latents);
/// UniPC (Zhao et al. 2023), data prediction.
at::Tensor unipc(const SamplerRun& run, at::Tensor latents);

/// The standard deviation of the noise that a step from one level to another draws anew: eta sigma' sqrt(1 - e^{-2h}),
/// h the step in lambda (Song et al. 2021a, eq. 16). What remains of the old noise is sqrt(sigma'^2 - fresh^2).
double fresh_noise(const Level& from, const Level& to, double eta);

}  // namespace hotshot::diffusion
