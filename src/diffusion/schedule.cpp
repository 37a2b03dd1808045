#include "diffusion/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "diffusion/rounding.h"

namespace hotshot::diffusion {
namespace {

constexpr double kBelowOne = 1e-6;  // keeps log(1 - sigma) finite at pure noise

std::function<double(double)> scaled_by(int train_timesteps) {
  return [train_timesteps](double sigma) { return sigma * train_timesteps; };
}

// Appends 0, rounds to fp32 and gives the model the whole part of sigma * train_timesteps.
Schedule truncated_timesteps(std::vector<double> sigmas, int train_timesteps) {
  Schedule schedule;
  schedule.timestep_of = scaled_by(train_timesteps);
  for (const double sigma : sigmas) {
    schedule.timesteps.push_back(std::trunc(product<double>(sigma, train_timesteps)));
    schedule.sigmas.push_back(round_to_float(sigma));
  }
  schedule.sigmas.push_back(0.0);
  return schedule;
}

Schedule unipc_spacing(int steps, const FlowScheduleOptions& options) {
  std::vector<double> sigmas = linspace(1.0, 1.0 / options.train_timesteps, steps + 1);
  sigmas.pop_back();
  for (double& sigma : sigmas) sigma = shift_sigma(sigma, options.shift);
  if (std::abs(sigmas[0] - 1.0) < kBelowOne) sigmas[0] -= kBelowOne;
  return truncated_timesteps(std::move(sigmas), options.train_timesteps);
}

Schedule dpmpp_spacing(int steps, const FlowScheduleOptions& options) {
  const std::vector<double> alphas = linspace(1.0, 1.0 / options.train_timesteps, steps + 1);
  std::vector<double> sigmas;
  for (int i = steps; i > 0; --i) sigmas.push_back(shift_sigma(1.0 - alphas[i], options.shift));
  return truncated_timesteps(std::move(sigmas), options.train_timesteps);
}

// The shift acts twice on the low end, once on the range and once on the values within, and timesteps keep their
// fraction.
Schedule flow_match_euler_spacing(int steps, const FlowScheduleOptions& options) {
  const double low = shift_sigma(1.0 / options.train_timesteps, options.shift);
  Schedule schedule;
  schedule.timestep_of = scaled_by(options.train_timesteps);
  for (const double sigma : linspace(1.0, low, steps)) {
    const auto rounded = static_cast<float>(shift_sigma(sigma, options.shift));
    schedule.sigmas.push_back(rounded);
    schedule.timesteps.push_back(rounded * static_cast<float>(options.train_timesteps));
  }
  schedule.sigmas.push_back(0.0);
  return schedule;
}

struct Spacing {
  std::string_view name;
  Schedule (*make)(int steps, const FlowScheduleOptions& options);
};

constexpr std::array<Spacing, 3> kSpacings = {{
    {"unipc", unipc_spacing},
    {"flow-match-euler", flow_match_euler_spacing},
    {"dpmpp", dpmpp_spacing},
}};

}  // namespace

double Schedule::timestep(int index) const {
  return index < static_cast<int>(timesteps.size()) ? timesteps[index] : timestep_of(sigmas.at(index));
}

FieldList FlowScheduleOptions::fields() {
  return {{"shift", "moves the noise levels towards noise; larger clips want more", &shift, {0.01, 100.0}},
          {"train_timesteps", "number of timesteps the model was trained with", &train_timesteps, {2, 1000000}},
          {"spacing", "spacing of the noise levels: unipc, flow-match-euler or dpmpp", &spacing}};
}

double shift_sigma(double sigma, double shift) { return product(shift, sigma) / (1.0 + product(shift - 1.0, sigma)); }

Schedule flow_schedule(int steps, const FlowScheduleOptions& options) {
  require(steps >= 1, "schedule", "expected at least 1 step but got {}", steps);
  require(options.shift > 0.0, "schedule", "expected a shift above 0 but got {}", options.shift);
  require(options.train_timesteps >= 2, "schedule", "expected at least 2 train_timesteps but got {}",
          options.train_timesteps);
  std::vector<std::string> known;
  for (const Spacing& spacing : kSpacings) {
    if (spacing.name == options.spacing) return spacing.make(steps, options);
    known.emplace_back(spacing.name);
  }
  throw_unknown("schedule", options.spacing, known);
}

Schedule custom_schedule(std::vector<double> sigmas, int train_timesteps) {
  require(sigmas.size() >= 2, "schedule", "expected at least 2 sigmas but got {}", sigmas.size());
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    require(sigmas[i] >= 0.0 && sigmas[i] <= 1.0, "schedule", "expected sigmas in [0, 1] but got {}", sigmas[i]);
    require(i == 0 || sigmas[i] < sigmas[i - 1], "schedule", "expected falling sigmas but got {} after {}", sigmas[i],
            i == 0 ? 0.0 : sigmas[i - 1]);
  }
  Schedule schedule;
  schedule.timestep_of = scaled_by(train_timesteps);
  for (const double sigma : sigmas) schedule.timesteps.push_back(sigma * train_timesteps);
  schedule.sigmas = std::move(sigmas);
  return schedule;
}

Schedule cut_schedule(const Schedule& schedule, double strength) {
  require(strength > 0.0 && strength <= 1.0, "strength", "expected a strength in (0, 1] but got {}", strength);
  const int steps = static_cast<int>(schedule.steps() * strength);
  require(steps >= 1, "strength", "expected at least one step but a strength of {} leaves none of {}", strength,
          schedule.steps());
  const int start = schedule.steps() - steps;
  Schedule cut = schedule;
  cut.sigmas.erase(cut.sigmas.begin(), cut.sigmas.begin() + start);
  cut.timesteps.erase(cut.timesteps.begin(), cut.timesteps.begin() + start);
  return cut;
}

}  // namespace hotshot::diffusion
