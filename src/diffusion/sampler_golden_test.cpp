// The numbers of diffusers (tests/golden/make_samplers.py): schedules exactly as far as the model can tell,
// trajectories to fp32 rounding.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "diffusion/sampler.h"

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

const json& golden() {
  static const json file = read_json(HOTSHOT_SOURCE_DIR "/tests/golden/samplers.json");
  return file;
}

FlowScheduleOptions schedule_options(const json& row) {
  return {.shift = row["shift"].get<double>(), .spacing = row["spacing"].get<std::string>()};
}

std::string describe(const json& row) {
  return row["spacing"].get<std::string>() + " shift " + row["shift"].dump() + " steps " + row["steps"].dump() + " " +
         row.value("options", json::object()).dump();
}

// The same formula as model() in make_samplers.py.
at::Tensor model(const at::Tensor& latents, const DenoiserCall& call) {
  const double t = call.timestep / 1000.0;
  return 0.7 * latents + 0.5 * at::sin(3.0 * latents + 2.0 * t) - 0.3 * t;
}

TEST(SamplerGolden, SchedulesEqualDiffusers) {
  for (const json& row : golden()["schedules"]) {
    const Schedule schedule = flow_schedule(row["steps"].get<int>(), schedule_options(row));
    const auto sigmas = row["sigmas"].get<std::vector<double>>(),
               timesteps = row["timesteps"].get<std::vector<double>>();
    ASSERT_EQ(schedule.sigmas.size(), sigmas.size());
    ASSERT_EQ(schedule.timesteps.size(), timesteps.size());
    for (std::size_t i = 0; i < sigmas.size(); ++i) EXPECT_NEAR(schedule.sigmas[i], sigmas[i], 1e-7) << describe(row);
    for (std::size_t i = 0; i < timesteps.size(); ++i) {
      EXPECT_NEAR(schedule.timesteps[i], timesteps[i], 2e-4) << describe(row);  // fractions only for flow-match-euler
    }
  }
}

TEST(SamplerGolden, TrajectoriesEqualDiffusers) {
  const auto start = at::tensor(golden()["start"].get<std::vector<float>>());
  double worst = 0.0;
  for (const json& row : golden()["trajectories"]) {
    SamplerOptions options;
    read_fields(options.fields(), row["options"], "golden");
    const Schedule schedule = flow_schedule(row["steps"].get<int>(), schedule_options(row));
    const auto wanted = row["latents"].get<std::vector<std::vector<float>>>();
    std::size_t compared = 0;
    const StepCallback compare = [&](const StepResult& step) {
      if (step.done > static_cast<int>(wanted.size())) return;
      const at::Tensor expected = at::tensor(wanted[step.done - 1]);
      const double error = ((step.latents - expected).abs().max() / expected.abs().max()).item<double>();
      EXPECT_LT(error, 1e-5) << row["sampler"] << " " << describe(row) << " after step " << step.done;
      worst = std::max(worst, error);
      ++compared;
    };
    sample(row["sampler"].get<std::string>(), model, start, schedule, options, compare);
    EXPECT_EQ(compared, wanted.size());
    EXPECT_GE(compared + 1, row["steps"].get<std::size_t>());
  }
  testing::Test::RecordProperty("worst_relative_error", std::to_string(worst));
}

}  // namespace
}  // namespace hotshot::diffusion
