#include "diffusion/noise_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "base/error.h"
#include "diffusion/rounding.h"

namespace hotshot::diffusion {
namespace {

// diffusers computes tables in fp32, where 1 - abar has few digits at the quiet end: so do we.
using Floats = std::vector<float>;

// torch.linspace: counted from the nearer end.
Floats float_linspace(float first, float last, int count) {
  Floats values(count);
  const float step = (last - first) / static_cast<float>(count - 1);
  for (int i = 0; i < count; ++i) {
    values[i] = i < count / 2 ? first + product(step, static_cast<float>(i))
                              : last - product(step, static_cast<float>(count - 1 - i));
  }
  return values;
}

Floats linear(const NoiseTableOptions& options) {
  return float_linspace(static_cast<float>(options.beta_start), static_cast<float>(options.beta_end),
                        options.train_timesteps);
}

Floats scaled_linear(const NoiseTableOptions& options) {
  Floats betas = float_linspace(static_cast<float>(std::sqrt(options.beta_start)),
                                static_cast<float>(std::sqrt(options.beta_end)), options.train_timesteps);
  for (float& beta : betas) beta = product(beta, beta);
  return betas;
}

// abar falls as a squared cosine (Nichol & Dhariwal 2021, eq. 17); betas are at most 0.999.
Floats squared_cosine(const NoiseTableOptions& options) {
  const auto alpha_bar = [&](int i) {
    const double cosine =
        std::cos((static_cast<double>(i) / options.train_timesteps + 0.008) / 1.008 * std::numbers::pi / 2.0);
    return cosine * cosine;
  };
  Floats betas;
  for (int i = 0; i < options.train_timesteps; ++i) {
    betas.push_back(static_cast<float>(std::min(1.0 - alpha_bar(i + 1) / alpha_bar(i), 0.999)));
  }
  return betas;
}

struct BetaSchedule {
  std::string_view name;
  Floats (*betas)(const NoiseTableOptions& options);
};

constexpr std::array<BetaSchedule, 3> kBetaSchedules = {
    {{"linear", linear}, {"scaled_linear", scaled_linear}, {"squaredcos_cap_v2", squared_cosine}}};

Floats betas_of(const NoiseTableOptions& options) {
  std::vector<std::string> known;
  for (const BetaSchedule& schedule : kBetaSchedules) {
    if (schedule.name == options.beta_schedule) return schedule.betas(options);
    known.emplace_back(schedule.name);
  }
  throw_unknown("noise table", options.beta_schedule, known);
}

Floats cumulative_alphas(const Floats& betas) {
  Floats alpha_bars;
  double running = 1.0;
  for (const float beta : betas) {
    running *= 1.0f - beta;
    alpha_bars.push_back(static_cast<float>(running));
  }
  return alpha_bars;
}

// Shifts and scales sqrt(abar) so that it ends at 0 and begins where it did (Lin et al. 2023, algorithm 1).
Floats zero_terminal_snr(const Floats& betas) {
  Floats alpha_bars = cumulative_alphas(betas);
  const float first = std::sqrt(alpha_bars.front()), last = std::sqrt(alpha_bars.back());
  for (float& alpha_bar : alpha_bars) {
    const float root = product(std::sqrt(alpha_bar) - last, first / (first - last));
    alpha_bar = product(root, root);
  }
  Floats rescaled;
  for (std::size_t i = 0; i < alpha_bars.size(); ++i) {
    rescaled.push_back(1.0f - (i == 0 ? alpha_bars[0] : alpha_bars[i] / alpha_bars[i - 1]));
  }
  return rescaled;
}

void check(const NoiseTableOptions& options) {
  require(options.train_timesteps >= 2, "noise table", "expected at least 2 train_timesteps but got {}",
          options.train_timesteps);
  require(options.beta_start > 0.0 && options.beta_end < 1.0 && options.beta_start <= options.beta_end, "noise table",
          "expected betas rising in (0, 1) but got {} to {}", options.beta_start, options.beta_end);
}

}  // namespace

FieldList NoiseTableOptions::fields() {
  return {{"beta_start", "first beta of training", &beta_start, {1e-8, 0.999}},
          {"beta_end", "last beta of training", &beta_end, {1e-8, 0.999}},
          {"beta_schedule", "how betas rise: linear, scaled_linear or squaredcos_cap_v2", &beta_schedule},
          {"train_timesteps", "number of timesteps the model was trained with", &train_timesteps, {2, 100000}},
          {"rescale_betas_zero_snr", "no signal is left at the last timestep", &rescale_betas_zero_snr}};
}

NoiseTable::NoiseTable(const NoiseTableOptions& options) {
  check(options);
  Floats betas = betas_of(options);
  if (options.rescale_betas_zero_snr) betas = zero_terminal_snr(betas);
  Floats alpha_bars = cumulative_alphas(betas);
  if (options.rescale_betas_zero_snr) alpha_bars.back() = 0x1p-24f;
  for (const float alpha_bar : alpha_bars) {
    const float sigma = std::sqrt((1.0f - alpha_bar) / alpha_bar);
    alpha_bars_.push_back(alpha_bar);
    sigmas_.push_back(sigma);
    log_sigmas_.push_back(std::log(sigma));
  }
  require(std::isfinite(sigmas_.back()) && sigmas_.front() > 0.0, "noise table",
          "expected betas that fp32 can hold but got {} to {} over {} timesteps", options.beta_start, options.beta_end,
          options.train_timesteps);
}

double NoiseTable::sigma(double timestep) const {
  const double inside = std::clamp(timestep, 0.0, static_cast<double>(size() - 1));
  const int low = std::min(static_cast<int>(inside), size() - 2);
  const double slope = sigmas_[low + 1] - sigmas_[low];
  return product(slope, inside - low) + sigmas_[low];
}

double NoiseTable::timestep(double sigma) const {
  const double log_sigma = std::log(std::max(sigma, 1e-10));
  const auto above = std::upper_bound(log_sigmas_.begin(), log_sigmas_.end(), log_sigma);
  const int low = std::clamp(static_cast<int>(above - log_sigmas_.begin()) - 1, 0, size() - 2);
  const double share = (log_sigmas_[low] - log_sigma) / (log_sigmas_[low] - log_sigmas_[low + 1]);
  const double weight = std::clamp(share, 0.0, 1.0);
  return product(1.0 - weight, static_cast<double>(low)) + product(weight, low + 1.0);
}

}  // namespace hotshot::diffusion
