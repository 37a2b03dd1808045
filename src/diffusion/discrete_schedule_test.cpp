#include "diffusion/discrete_schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

TEST(DiscreteSchedule, FallsFromNoiseToDataOnEveryGridAndSpacing) {
  const NoiseTable table{NoiseTableOptions{}};
  for (const std::string& grid : grids()) {
    for (const char* timesteps : {"leading", "linspace", "trailing"}) {
      for (const std::string& sigmas : sigma_spacings()) {
        for (const int steps : {2, 7, 50}) {
          const Schedule schedule =
              discrete_schedule(steps, {.grid = grid, .timestep_spacing = timesteps, .sigma_spacing = sigmas});
          const std::string what = grid + " " + timesteps + " " + sigmas + " " + std::to_string(steps);
          ASSERT_EQ(schedule.steps(), steps) << what;
          ASSERT_EQ(schedule.timesteps.size(), static_cast<std::size_t>(steps)) << what;
          EXPECT_EQ(schedule.sigmas.back(), 0.0);
          EXPECT_EQ(schedule.fade, 0.0);
          for (int i = 0; i < steps; ++i) {
            EXPECT_LT(schedule.sigmas[i + 1], schedule.sigmas[i]) << what;
            EXPECT_NEAR(schedule.timesteps[i], table.timestep(schedule.sigmas[i]), 1.001) << what;
          }
        }
      }
    }
  }
}

TEST(DiscreteSchedule, SpacingsPlaceTheFirstAndTheLastStep) {
  const auto timesteps = [](const char* spacing) {
    return discrete_schedule(20, {.timestep_spacing = spacing}).timesteps;
  };
  EXPECT_EQ(timesteps("leading").front(), 951.0);
  EXPECT_EQ(timesteps("leading").back(), 1.0);
  EXPECT_EQ(timesteps("linspace").front(), 999.0);
  EXPECT_EQ(timesteps("linspace").back(), 0.0);
  EXPECT_EQ(timesteps("trailing").front(), 999.0);
  EXPECT_EQ(timesteps("trailing").back(), 49.0);
  EXPECT_EQ(discrete_schedule(4, {.grid = "lcm"}).timesteps, (std::vector<double>{999, 759, 499, 259}));
}

TEST(DiscreteSchedule, KarrasAndExponentialKeepTheEnds) {
  const auto plain = discrete_schedule(9).sigmas;
  for (const char* spacing : {"karras", "exponential"}) {
    const auto sigmas = discrete_schedule(9, {.sigma_spacing = spacing}).sigmas;
    EXPECT_NEAR(sigmas[0], plain[0], 1e-5);
    EXPECT_NEAR(sigmas[8], plain[8], 1e-7);
  }
  const auto sigmas = discrete_schedule(9, {.sigma_spacing = "exponential"}).sigmas;
  for (int i = 1; i < 8; ++i) EXPECT_NEAR(sigmas[i] * sigmas[i], sigmas[i - 1] * sigmas[i + 1], 1e-5 * sigmas[i]);
  const auto root = [&](int i) {
    return std::pow(discrete_schedule(9, {.sigma_spacing = "karras"}).sigmas[i], 1 / 7.0);
  };
  EXPECT_NEAR(root(1) - root(0), root(5) - root(4), 1e-6);
}

TEST(DiscreteSchedule, EndsAtTheQuietestLevelOfTrainingIfAsked) {
  const NoiseTable table{NoiseTableOptions{}};
  const Schedule schedule = discrete_schedule(10, {.final_sigmas_type = "sigma_min"});
  EXPECT_EQ(schedule.sigmas.back(), table.sigma(0));
  // From timestep 0 itself the last step would not move.
  const Schedule shorter = discrete_schedule(10, {.steps_offset = 0, .final_sigmas_type = "sigma_min"});
  EXPECT_EQ(shorter.steps(), 9);
  EXPECT_EQ(shorter.timesteps.size(), 9u);
  EXPECT_EQ(shorter.sigmas.back(), table.sigma(0));
}

TEST(DiscreteSchedule, StartsFromNoiseOfTheScaleTheGridHas) {
  const Schedule leading = discrete_schedule(30), linspace = discrete_schedule(30, {.timestep_spacing = "linspace"});
  EXPECT_EQ(leading.noise_scale, std::hypot(1.0, leading.sigmas[0]));
  EXPECT_EQ(linspace.noise_scale, linspace.sigmas[0]);
  const Schedule ddim = discrete_schedule(30, {.grid = "ddim", .timestep_spacing = "linspace"});
  EXPECT_EQ(ddim.noise_scale, std::hypot(1.0, ddim.sigmas[0]));
}

TEST(DiscreteSchedule, MakeScheduleServesBothFamilies) {
  EXPECT_EQ(make_schedule(5, FlowScheduleOptions{.shift = 5.0}).sigmas, flow_schedule(5, {.shift = 5.0}).sigmas);
  EXPECT_EQ(make_schedule(5, DiscreteScheduleOptions{}).sigmas, discrete_schedule(5).sigmas);
}

TEST(DiscreteSchedule, RefusesWhatCannotWork) {
  EXPECT_THROW(discrete_schedule(0), InvalidArgument);
  EXPECT_THROW(discrete_schedule(1001), InvalidArgument);
  EXPECT_THROW(discrete_schedule(2000000000), InvalidArgument);
  EXPECT_THROW(discrete_schedule(1000, {.steps_offset = 1}), InvalidArgument);  // timestep 1000
  EXPECT_THROW(discrete_schedule(1000, {.grid = "dpmpp"}), InvalidArgument);    // 1001 points on 1000 levels
  EXPECT_THROW(discrete_schedule(51, {.grid = "lcm"}), InvalidArgument);
  EXPECT_THROW(discrete_schedule(4, {.grid = "lcm", .original_inference_steps = 0}), InvalidArgument);
  EXPECT_THROW(discrete_schedule(4, {.grid = "magic"}), InvalidArgument);
  EXPECT_THROW(discrete_schedule(4, {.timestep_spacing = "magic"}), InvalidArgument);
  EXPECT_THROW(discrete_schedule(4, {.sigma_spacing = "magic"}), InvalidArgument);
  EXPECT_THROW(discrete_schedule(4, {.final_sigmas_type = "magic"}), InvalidArgument);
  EXPECT_THROW(discrete_schedule(4, {.prediction_type = "magic"}), InvalidArgument);
  EXPECT_NO_THROW(discrete_schedule(1000, {.steps_offset = 0}));
  EXPECT_NO_THROW(discrete_schedule(1000, {.timestep_spacing = "trailing"}));
}

}  // namespace
}  // namespace hotshot::diffusion
