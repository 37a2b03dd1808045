// Which noise levels a run visits. Everywhere latents are x = alpha x0 + sigma eps on a straight path from the data,
//   alpha = 1 - fade sigma,
// and the two families of models differ in fade alone: 1 is flow matching (Lipman et al. 2023; Liu et al. 2023), sigma
// in [0, 1] from data to pure noise; 0 are the variance-exploding coordinates of Karras et al. 2022 in which discrete
// diffusion models are sampled (discrete_schedule.h). In both the sampler integrates dx/dsigma = eps - fade x0.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/options.h"

namespace hotshot::diffusion {

/// The noise levels of one run, and what the network is told and answers there.
struct Schedule {
  std::vector<double> sigmas = {};     // steps + 1 values, strictly falling; the last is 0 for a whole run
  std::vector<double> timesteps = {};  // as the model sees them, one per step (one per sigma in a custom schedule)
  double fade = 1.0;                   // alpha = 1 - fade sigma
  double noise_scale = 1.0;            // a run from nothing starts at noise_scale * (standard normal noise)
  std::string prediction = "flow_prediction";  // a name of predictions()
  /// The timestep of any sigma, also between the listed ones.
  std::function<double(double sigma)> timestep_of = [](double sigma) { return 1000.0 * sigma; };

  int steps() const { return static_cast<int>(sigmas.size()) - 1; }
  /// The timestep of sigmas[index]; defined for the last sigma too.
  double timestep(int index) const;
};

/// How flow_schedule spaces the noise levels; the names are those of the diffusers schedulers whose values it equals.
struct FlowScheduleOptions {
  double shift = 3.0;             // sigma' = s sigma / (1 + (s - 1) sigma) (Esser et al. 2024, eq. 23); 1 leaves as is
  int train_timesteps = 1000;     // number of timesteps the model was trained with
  std::string spacing = "unipc";  // "unipc" (Wan), "flow-match-euler" or "dpmpp"
  FieldList fields();
};

/// The noise levels of a run of `steps` >= 1 steps; sigmas and timesteps equal those of diffusers, sigmas rounded to
/// fp32. Throws InvalidArgument for steps < 1, shift <= 0 or an unknown spacing.
Schedule flow_schedule(int steps, const FlowScheduleOptions& options = {});

/// A run over given sigmas (strictly falling, in [0, 1], at least two); the last may be above 0.
Schedule custom_schedule(std::vector<double> sigmas, int train_timesteps = 1000);

/// The end of a schedule, to start from data that is only partly turned to noise (image-to-image, video-to-video): the
/// last floor(strength * steps) steps. Throws InvalidArgument unless 0 < strength <= 1 and at least one step is left.
Schedule cut_schedule(const Schedule& schedule, double strength);

/// sigma' = s sigma / (1 + (s - 1) sigma).
double shift_sigma(double sigma, double shift);

}  // namespace hotshot::diffusion
