// The noise levels at which a discrete diffusion model was trained (Ho et al. 2020, eq. 4): at timestep t = 0 … T - 1
//   x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps,   abar_t = (1 - beta_0) … (1 - beta_t).
// Divided by sqrt(abar_t) this is x0 + sigma_t eps, sigma_t = sqrt((1 - abar_t) / abar_t) (Karras et al. 2022, table
// 1).
#pragma once

#include <string>
#include <vector>

#include "base/options.h"

namespace hotshot::diffusion {

/// How the betas rise; names as in diffusers' scheduler_config.json, defaults those of SD 1.5 and SDXL.
struct NoiseTableOptions {
  double beta_start = 0.00085;
  double beta_end = 0.012;
  std::string beta_schedule = "scaled_linear";  // "linear", "scaled_linear" or "squaredcos_cap_v2"
  int train_timesteps = 1000;                   // T
  bool rescale_betas_zero_snr = false;          // Lin et al. 2023, algorithm 1
  FieldList fields();
};

/// The table of one model, the same numbers as diffusers' (which are fp32). With rescale_betas_zero_snr the last abar
/// is 2^-24 instead of 0, so that sigma stays finite (4096).
class NoiseTable {
 public:
  /// Throws InvalidArgument for an unknown beta_schedule, betas outside (0, 1) or falling, or fewer than 2 timesteps.
  explicit NoiseTable(const NoiseTableOptions& options);

  int size() const { return static_cast<int>(sigmas_.size()); }
  /// abar of timestep t in [0, T).
  double alpha_bar(int t) const { return alpha_bars_.at(t); }
  /// sigma at a timestep, which may lie between two: linear between them, constant beyond the ends.
  double sigma(double timestep) const;
  /// The timestep of a sigma > 0: linear in log sigma between two entries, the first or last beyond the ends.
  double timestep(double sigma) const;

 private:
  std::vector<double> alpha_bars_;
  std::vector<double> sigmas_;      // rising
  std::vector<double> log_sigmas_;  // rising
};

}  // namespace hotshot::diffusion
