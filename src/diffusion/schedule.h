// Which noise levels a run visits. Flow matching (Lipman et al. 2023; Liu et al. 2023):
//   x_t = (1 - sigma) x0 + sigma eps,   v = dx/dsigma = eps - x0,   sigma in [0, 1],
// and the model is told timestep = 1000 sigma. sigma 1 is pure noise, 0 is data.
#pragma once

#include <string>
#include <vector>

#include "base/options.h"

namespace hotshot::diffusion {

/// The noise levels of one run.
struct Schedule {
  std::vector<double> sigmas = {};     // steps + 1 values, strictly falling; the last is 0 for a whole run
  std::vector<double> timesteps = {};  // as the model sees them, one per step (one per sigma in a custom schedule)
  int train_timesteps = 1000;          // timestep of a sigma between the listed ones: sigma * train_timesteps

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

/// sigma' = s sigma / (1 + (s - 1) sigma).
double shift_sigma(double sigma, double shift);

}  // namespace hotshot::diffusion
