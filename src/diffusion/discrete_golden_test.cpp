// The numbers of diffusers for discrete models (tests/golden/make_discrete_samplers.py): its config file is read, and
// sigmas, timesteps and the latents after each step must be its own.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "diffusion/ddpm.h"
#include "diffusion/scheduler_config.h"

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

const json& golden() {
  static const json file = read_json(HOTSHOT_SOURCE_DIR "/tests/golden/discrete_samplers.json");
  return file;
}

at::Tensor tensor_of(const json& values) { return at::tensor(values.get<std::vector<float>>()); }

std::string describe(const json& row) {
  json shown = row;
  for (const char* key : {"sigmas", "timesteps", "latents"}) shown.erase(key);
  return shown.dump();
}

// The same formula as network() in make_discrete_samplers.py.
at::Tensor network(const at::Tensor& input, const DenoiserCall& call) {
  const double t = call.timestep / 1000.0;
  return 0.8 * input + 0.15 * at::sin(3.0 * input + 2.0 * t) - 0.1 * t;
}

// noise() there.
at::Tensor formula_noise(const at::Tensor& like, int step, int call) {
  at::Tensor noise = at::empty({like.numel()}, at::kFloat);
  for (int i = 0; i < like.numel(); ++i) {
    noise.data_ptr<float>()[i] = static_cast<float>(1.5 * std::sin(1.0 + 2.3 * i + 3.7 * step + 5.1 * call));
  }
  return noise.view(like.sizes());
}

void expect_near(const std::vector<double>& found, const json& wanted, double relative, double absolute,
                 const json& row) {
  ASSERT_EQ(found.size(), wanted.size()) << describe(row);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double value = wanted[i].get<double>();
    EXPECT_NEAR(found[i], value, relative * std::abs(value) + absolute) << describe(row) << " at " << i;
  }
}

// At the last timestep of a model with zero terminal SNR diffusers' DDIM has no signal at all, where the others, and
// we, leave 2^-24; and where sigma is in the thousands the latents of the others have few digits left in fp32.
double tolerance(const json& row) {
  if (row["sigmas"][0].is_null()) return 5e-4;
  return row["sigmas"][0].get<double>() > 1000.0 ? 1e-4 : 1e-5;
}

TEST(DiscreteGolden, RunsEqualDiffusers) {
  double worst = 0.0;
  for (const json& row : golden()["runs"]) {
    SchedulerConfig config = read_scheduler_config(row["config"]);
    if (row.contains("eta")) config.options.eta = row["eta"].get<double>();
    Schedule schedule = make_schedule(row["steps"].get<int>(), config.schedule);
    if (!row["sigmas"][0].is_null()) expect_near(schedule.sigmas, row["sigmas"], 2e-6, 0.0, row);
    expect_near(schedule.timesteps, row["timesteps"], 0.0, 2e-3, row);

    at::Tensor start = tensor_of(golden()["start"]) * schedule.noise_scale;
    if (row.contains("strength")) {
      schedule = cut_schedule(schedule, row["strength"].get<double>());
      start = noised(schedule, 0, tensor_of(golden()["picture"]), tensor_of(golden()["start"]));
    }
    std::size_t compared = 0;
    const StepCallback compare = [&](const StepResult& step) {
      const at::Tensor seen = step.latents / std::hypot(1.0, step.sigma);
      const at::Tensor expected = tensor_of(row["latents"].at(step.done - 1));
      const double error = ((seen - expected).abs().max() / expected.abs().max()).item<double>();
      EXPECT_LT(error, tolerance(row)) << describe(row) << " after step " << step.done;
      if (tolerance(row) == 1e-5) worst = std::max(worst, error);
      ++compared;
    };
    sample(config.sampler, network, start, schedule, config.options, compare, formula_noise);
    EXPECT_EQ(compared, row["latents"].size()) << describe(row);
  }
  testing::Test::RecordProperty("worst_relative_error", std::to_string(worst));
}

TEST(DiscreteGolden, TimestepsOfManyLengthsEqualDiffusers) {
  for (const json& row : golden()["schedules"]) {
    const Schedule schedule = make_schedule(row["steps"].get<int>(), read_scheduler_config(row["config"]).schedule);
    expect_near(schedule.timesteps, row["timesteps"], 1e-7, 0.0, row);
  }
}

TEST(DiscreteGolden, TrainingPairsEqualDiffusers) {
  const at::Tensor x0 = tensor_of(golden()["picture"]).reshape({1, 2, 3}).repeat({4, 1, 1});
  const at::Tensor eps = tensor_of(golden()["start"]).reshape({1, 2, 3}).repeat({4, 1, 1});
  for (const json& row : golden()["trainings"]) {
    const NoiseTable table({.beta_schedule = row["beta_schedule"].get<std::string>()});
    const auto timesteps = row["timesteps"].get<std::vector<std::int64_t>>();
    for (std::size_t i = 0; i < timesteps.size(); ++i) {
      const double wanted = row["alpha_bars"][i].get<double>();
      EXPECT_NEAR(table.alpha_bar(static_cast<int>(timesteps[i])), wanted, 2e-7 * wanted) << row["beta_schedule"];
    }
    const at::Tensor timestep_b = at::tensor(timesteps, at::kLong);
    EXPECT_TRUE(add_noise(table, x0, eps, timestep_b).flatten().allclose(tensor_of(row["noisy"]), 1e-5, 1e-6));
    EXPECT_TRUE(training_target(table, "v_prediction", x0, eps, timestep_b)
                    .flatten()
                    .allclose(tensor_of(row["velocity"]), 1e-5, 1e-6));
  }
}

}  // namespace
}  // namespace hotshot::diffusion
