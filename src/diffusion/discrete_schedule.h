// The noise levels of a run of a discrete diffusion model: SD 1.5, SDXL, Hotshot-XL.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/options.h"
#include "diffusion/noise_table.h"
#include "diffusion/schedule.h"

namespace hotshot::diffusion {

/// How discrete_schedule chooses among the levels of training. The defaults are those of SDXL.
struct DiscreteScheduleOptions {
  NoiseTableOptions table = NoiseTableOptions();
  std::string prediction_type = "epsilon";  // "epsilon", "v_prediction" or "sample"
  /// Where the steps lie, as the diffusers schedulers of this name place them: "euler" (also its ancestral and Heun;
  /// fractional timesteps), "ddim" (also DDPM and PNDM), "dpmpp", "unipc" or "lcm".
  std::string grid = "euler";
  std::string timestep_spacing = "leading";  // "leading", "linspace" or "trailing" (Lin et al. 2023, table 2)
  int steps_offset = 1;                      // added to "leading" timesteps
  /// "timesteps": the sigmas of the timesteps; "karras" (Karras et al. 2022, eq. 5, rho 7), "exponential" (even in log
  /// sigma) or "beta" (Lee et al. 2024, beta(0.6, 0.6)): between the same ends, and the timesteps follow.
  std::string sigma_spacing = "timesteps";
  std::string final_sigmas_type = "zero";  // where the run ends: "zero", or "sigma_min", the table's quietest level
  int original_inference_steps = 50;       // lcm: steps of the distilled teacher, of which a run visits some
  FieldList fields();
};

/// The noise levels of a run of `steps` >= 1 steps, in variance-exploding coordinates (fade 0), sigmas rounded to fp32
/// as diffusers has them. A last step that would not move ("sigma_min" from the quietest level) is left out. Throws
/// InvalidArgument for unknown names and for more steps than the model has levels.
Schedule discrete_schedule(int steps, const DiscreteScheduleOptions& options = {});

/// Names for DiscreteScheduleOptions::grid, ::timestep_spacing and ::sigma_spacing.
std::vector<std::string> grids();
std::vector<std::string> timestep_spacings();
std::vector<std::string> sigma_spacings();

/// The schedule of either family of models.
using ScheduleOptions = std::variant<FlowScheduleOptions, DiscreteScheduleOptions>;
Schedule make_schedule(int steps, const ScheduleOptions& options);

}  // namespace hotshot::diffusion
