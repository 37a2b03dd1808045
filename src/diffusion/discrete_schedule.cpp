#include "diffusion/discrete_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "base/error.h"
#include "diffusion/beta_quantile.h"
#include "diffusion/prediction.h"
#include "diffusion/rounding.h"

namespace hotshot::diffusion {
namespace {

constexpr double kRho = 7.0;        // Karras et al. 2022, section 3.2: more steps at low noise
constexpr double kBetaShape = 0.6;  // Lee et al. 2024, section 4: more steps at both ends

using Options = DiscreteScheduleOptions;

// Falling timesteps: `steps` of a grid that has `spare` more points below them.
struct TimestepSpacing {
  std::string_view name;
  std::vector<double> (*make)(int steps, int spare, const Options& options);
};

std::vector<double> leading(int steps, int spare, const Options& options) {
  const int stride = options.table.train_timesteps / (steps + spare);
  std::vector<double> timesteps;
  for (int i = steps - 1; i >= 0; --i) timesteps.push_back((i + spare) * stride + options.steps_offset);
  return timesteps;
}

std::vector<double> even(int steps, int spare, const Options& options) {
  std::vector<double> timesteps = linspace(0.0, options.table.train_timesteps - 1, steps + spare);
  std::reverse(timesteps.begin(), timesteps.end());
  timesteps.resize(steps);
  return timesteps;
}

std::vector<double> trailing(int steps, int, const Options& options) {
  const double first = options.table.train_timesteps;
  const double stride = (first - first / steps) - first;  // numpy.arange takes the difference of its first two values
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) timesteps.push_back(std::nearbyint(first + product<double>(i, stride)) - 1.0);
  return timesteps;
}

constexpr std::array<TimestepSpacing, 3> kTimestepSpacings = {
    {{"leading", leading}, {"linspace", even}, {"trailing", trailing}}};

// Falling sigmas between two ends.
struct SigmaSpacing {
  std::string_view name;
  std::vector<double> (*make)(double high, double low, int steps);
};

std::vector<double> karras(double high, double low, int steps) {
  const double from = std::pow(high, 1.0 / kRho), to = std::pow(low, 1.0 / kRho);
  std::vector<double> sigmas = linspace(0.0, 1.0, steps);
  for (double& sigma : sigmas) sigma = std::pow(from + sigma * (to - from), kRho);
  return sigmas;
}

std::vector<double> exponential(double high, double low, int steps) {
  std::vector<double> sigmas = linspace(std::log(high), std::log(low), steps);
  for (double& sigma : sigmas) sigma = std::exp(sigma);
  return sigmas;
}

std::vector<double> beta(double high, double low, int steps) {
  std::vector<double> sigmas = linspace(0.0, 1.0, steps);
  for (double& sigma : sigmas) sigma = low + beta_quantile(1.0 - sigma, kBetaShape) * (high - low);
  return sigmas;
}

constexpr std::array<SigmaSpacing, 3> kSigmaSpacings = {
    {{"karras", karras}, {"exponential", exponential}, {"beta", beta}}};

template <class Rows>
const auto& find_row(const Rows& rows, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& row : rows) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw_unknown("schedule", name, known);
}

std::vector<double> spaced(int steps, int spare, const Options& options) {
  return find_row(kTimestepSpacings, options.timestep_spacing).make(steps, spare, options);
}

std::vector<double> spaced_whole(int steps, int spare, const Options& options) {
  std::vector<double> timesteps = spaced(steps, spare, options);
  for (double& timestep : timesteps) timestep = std::nearbyint(timestep);
  return timesteps;
}

// Steps of the teacher's run, from the noisiest, evenly skipping (Luo et al. 2023, section 4.3).
std::vector<double> of_teacher(int steps, const Options& options) {
  const int teacher = options.original_inference_steps;
  require(teacher >= 1 && teacher <= options.table.train_timesteps, "schedule",
          "expected 1 to {} original_inference_steps but got {}", options.table.train_timesteps, teacher);
  require(steps <= teacher, "schedule", "expected at most {} steps for lcm but got {}", teacher, steps);
  const int stride = options.table.train_timesteps / teacher;
  const double skip = static_cast<double>(teacher) / steps;
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) {
    timesteps.push_back((teacher - static_cast<int>(product<double>(i, skip))) * stride - 1);
  }
  return timesteps;
}

double keep(double timestep, const Options&) { return round_to_float(timestep); }
double nearest(double timestep, const Options&) { return std::nearbyint(timestep); }
double nearest_for_karras(double timestep, const Options& options) {
  return options.sigma_spacing == "karras" ? std::nearbyint(timestep) : std::trunc(timestep);
}
double nearest_for_karras_and_linear(double timestep, const Options& options) {
  return options.table.beta_schedule == "squaredcos_cap_v2" ? std::trunc(timestep)
                                                            : nearest_for_karras(timestep, options);
}

double unit_start(double sigma, const Options&) { return std::hypot(1.0, sigma); }
double euler_start(double sigma, const Options& options) {
  return options.timestep_spacing == "leading" ? std::hypot(1.0, sigma) : sigma;
}

struct Grid {
  std::string_view name;
  std::vector<double> (*timesteps)(int steps, const Options& options);
  bool whole_table;  // a sigma spacing covers all levels of training instead of those of this grid
  double (*told)(double timestep, const Options& options);      // what the network is told of a spaced sigma
  double (*start)(double first_sigma, const Options& options);  // Schedule::noise_scale
};

constexpr std::array<Grid, 5> kGrids = {{
    {"euler", [](int steps, const Options& options) { return spaced(steps, 0, options); }, false, keep, euler_start},
    {"ddim", [](int steps, const Options& options) { return spaced_whole(steps, 0, options); }, false, nearest,
     unit_start},
    {"dpmpp", [](int steps, const Options& options) { return spaced_whole(steps, 1, options); }, true,
     nearest_for_karras_and_linear, unit_start},
    {"unipc", [](int steps, const Options& options) { return spaced_whole(steps, 1, options); }, true,
     nearest_for_karras, unit_start},
    {"lcm", of_teacher, false, nearest, unit_start},
}};

template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

double final_sigma(const Options& options, const NoiseTable& table) {
  if (options.final_sigmas_type == "zero") return 0.0;
  if (options.final_sigmas_type != "sigma_min")
    throw_unknown("schedule", options.final_sigmas_type, {"zero", "sigma_min"});
  return table.sigma(0.0);
}

// Replaces the sigmas of the timesteps by spaced ones, and the timesteps by theirs.
void respace(Schedule& schedule, const Grid& grid, const Options& options, const NoiseTable& table) {
  const double high = grid.whole_table ? table.sigma(table.size() - 1.0) : schedule.sigmas.front();
  const double low = grid.whole_table ? table.sigma(0.0) : schedule.sigmas.back();
  const int steps = static_cast<int>(schedule.sigmas.size());
  schedule.sigmas = find_row(kSigmaSpacings, options.sigma_spacing).make(high, low, steps);
  for (int i = 0; i < steps; ++i) schedule.timesteps[i] = grid.told(table.timestep(schedule.sigmas[i]), options);
}

}  // namespace

FieldList DiscreteScheduleOptions::fields() {
  FieldList fields = table.fields();
  const FieldList own = {
      {"prediction_type", "what the network answers: epsilon, v_prediction or sample", &prediction_type},
      {"grid", "placing of the steps: euler, ddim, dpmpp, unipc or lcm", &grid},
      {"timestep_spacing", "spacing of the timesteps: leading, linspace or trailing", &timestep_spacing},
      {"steps_offset", "added to leading timesteps", &steps_offset, {0, 100000}},
      {"sigma_spacing", "spacing of the noise levels: timesteps, karras, exponential or beta", &sigma_spacing},
      {"final_sigmas_type", "where a run ends: zero or sigma_min", &final_sigmas_type},
      {"original_inference_steps", "steps of the teacher of an lcm model", &original_inference_steps, {1, 100000}}};
  fields.insert(fields.end(), own.begin(), own.end());
  return fields;
}

std::vector<std::string> grids() { return names_of(kGrids); }

std::vector<std::string> timestep_spacings() { return names_of(kTimestepSpacings); }

std::vector<std::string> sigma_spacings() {
  std::vector<std::string> names = names_of(kSigmaSpacings);
  names.insert(names.begin(), "timesteps");
  return names;
}

Schedule discrete_schedule(int steps, const DiscreteScheduleOptions& options) {
  require(steps >= 1, "schedule", "expected at least 1 step but got {}", steps);
  const Grid& grid = find_row(kGrids, options.grid);
  const auto table = std::make_shared<const NoiseTable>(options.table);
  require(steps <= table->size(), "schedule", "expected at most {} steps but got {}", table->size(), steps);
  Schedule schedule;
  schedule.fade = 0.0;
  schedule.prediction = find_prediction(options.prediction_type).name;
  schedule.timestep_of = [table](double sigma) { return table->timestep(sigma); };
  schedule.timesteps = grid.timesteps(steps, options);
  for (double& timestep : schedule.timesteps) {
    timestep = round_to_float(timestep);
    require(timestep >= 0.0 && timestep <= table->size() - 1.0, "schedule",
            "expected timesteps from 0 to {} but {} steps ask for {}", table->size() - 1, steps, timestep);
    schedule.sigmas.push_back(table->sigma(timestep));
  }
  if (options.sigma_spacing != "timesteps") respace(schedule, grid, options, *table);
  for (double& sigma : schedule.sigmas) sigma = round_to_float(sigma);
  schedule.sigmas.push_back(final_sigma(options, *table));
  for (int i = 1; i < steps; ++i) {
    require(schedule.sigmas[i] < schedule.sigmas[i - 1], "schedule",
            "expected fewer steps: of {} two fall on timestep {}", steps, schedule.timesteps[i]);
  }
  if (steps > 1 && schedule.sigmas[steps] >= schedule.sigmas[steps - 1]) {
    schedule.sigmas.pop_back();
    schedule.timesteps.pop_back();
  }
  schedule.noise_scale = grid.start(schedule.sigmas.front(), options);
  return schedule;
}

Schedule make_schedule(int steps, const ScheduleOptions& options) {
  if (const auto* flow = std::get_if<FlowScheduleOptions>(&options)) return flow_schedule(steps, *flow);
  return discrete_schedule(steps, std::get<DiscreteScheduleOptions>(options));
}

}  // namespace hotshot::diffusion
