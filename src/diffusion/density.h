// How often training visits each noise level, and how much it counts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"

namespace hotshot::diffusion {

/// Density of sigma in training (Esser et al. 2024, section 3.1) and weight of the loss at sigma.
struct DensityOptions {
  std::string density = "logit-normal";  // "logit-normal" (eq. 19), "mode" (eq. 20) or "uniform"
  double mean = 0.0;                     // logit-normal: mean of logit(sigma); above 0 favours noise
  double std = 1.0;                      // logit-normal: standard deviation of logit(sigma)
  double mode_scale = 1.29;              // mode: -1 … 2/(pi - 2); above 0 favours the middle
  double shift = 1.0;                    // afterwards sigma' = s sigma / (1 + (s - 1) sigma); > 1 for many tokens
  double frame_power = 0.0;              // shift of t latent frames is shift t^frame_power; 0.5: Esser et al., eq. 23
  std::string weighting = "uniform";     // a name of weightings()
  FieldList fields();
  /// The density for clips of so many latent frames: as this one, with its shift raised and no frame_power left.
  DensityOptions of_frames(std::int64_t latent_frames) const;
};

/// sigma of one training sample: depends on (seed, step, sample) alone. In [0, 1].
double sample_sigma(const DensityOptions& options, std::uint64_t seed, std::uint64_t step, std::uint64_t sample);

/// sigma_b [batch], fp32 on the CPU: samples first_sample … first_sample + batch - 1 of a step. Data-parallel ranks
/// pass their own first_sample, so that the global batch does not depend on the number of ranks.
at::Tensor sample_sigmas(const DensityOptions& options, std::uint64_t seed, std::uint64_t step,
                         std::uint64_t first_sample, int batch);

/// Names for DensityOptions::weighting: "uniform" 1; "sigma-sqrt" sigma^-2 and "cosmap" 2 / (pi (1 - 2 sigma + 2
/// sigma^2)) (Esser et al. 2024); "x0" sigma^2 (turns the loss into one on x0); "min-snr" sigma^2 min(snr, 5) (Hang et
/// al. 2023).
std::vector<std::string> weightings();

/// Weight of the squared velocity error per sample, [b] fp32. sigma below 1e-3 weighs as 1e-3.
at::Tensor loss_weight(std::string_view weighting, const at::Tensor& sigma_b);

/// The model's timestep, sigma * train_timesteps, [b] fp32.
at::Tensor timesteps_of(const at::Tensor& sigma_b, int train_timesteps = 1000);

}  // namespace hotshot::diffusion
