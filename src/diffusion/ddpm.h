// Training of discrete diffusion models (Ho et al. 2020): where density.h and path.h serve flow matching.
// x0 and eps are [b, c, …] (pictures bchw, clips bcfhw), timestep_b is [b] int64, one timestep per sample. Results are
// fp32 (fp64 for fp64 data).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "diffusion/noise_table.h"

namespace hotshot::diffusion {

/// timestep_b [batch], uniform in 0 … T - 1, for samples first_sample … first_sample + batch - 1 of a step: depends on
/// (seed, step, sample) alone.
at::Tensor sample_timesteps(const NoiseTable& table, std::uint64_t seed, std::uint64_t step, std::uint64_t first_sample,
                            int batch);

/// x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps (Ho et al. 2020, eq. 4).
at::Tensor add_noise(const NoiseTable& table, const at::Tensor& x0, const at::Tensor& eps,
                     const at::Tensor& timestep_b);

/// What a network of this prediction type (prediction.h) should answer at x_t.
at::Tensor training_target(const NoiseTable& table, std::string_view prediction, const at::Tensor& x0,
                           const at::Tensor& eps, const at::Tensor& timestep_b);

/// Weight of the squared error of the answer, [b] fp32: the error of x0 it stands for, weighed by min(snr, gamma) (Hang
/// et al. 2023, section 3.4). epsilon: min(snr, gamma) / snr; v_prediction: min(snr, gamma) / (snr + 1). gamma > 0, 5
/// in the paper.
at::Tensor min_snr_weight(const NoiseTable& table, std::string_view prediction, const at::Tensor& timestep_b,
                          double gamma);

/// eps + strength * (one standard normal per sample and channel, the same at every pixel and frame): lets a model move
/// the mean of a picture (Guttenberg 2023; 0.05 in Hotshot-XL). Counters as in sample_timesteps.
at::Tensor offset_noise(const at::Tensor& eps, double strength, std::uint64_t seed, std::uint64_t step,
                        std::uint64_t first_sample = 0);

}  // namespace hotshot::diffusion
