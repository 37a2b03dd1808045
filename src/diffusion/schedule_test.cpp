#include "diffusion/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

TEST(Schedule, FallsFromNoiseToData) {
  for (const char* spacing : {"unipc", "flow-match-euler", "dpmpp"}) {
    for (const int steps : {1, 2, 7, 50}) {
      const Schedule schedule = flow_schedule(steps, {.shift = 3.0, .spacing = spacing});
      EXPECT_EQ(schedule.steps(), steps);
      EXPECT_EQ(schedule.timesteps.size(), static_cast<std::size_t>(steps));
      EXPECT_EQ(schedule.sigmas.back(), 0.0);
      EXPECT_NEAR(schedule.sigmas.front(), 1.0, 1e-3);
      for (int i = 0; i < steps; ++i) {
        EXPECT_LT(schedule.sigmas[i + 1], schedule.sigmas[i]);
        EXPECT_NEAR(schedule.timestep(i), schedule.sigmas[i] * 1000.0, 1.001) << spacing;
      }
      EXPECT_EQ(schedule.timestep(steps), 0.0);
    }
  }
}

TEST(Schedule, ShiftKeepsTheEndsAndMovesTheMiddleTowardsNoise) {
  EXPECT_EQ(shift_sigma(0.0, 5.0), 0.0);
  EXPECT_EQ(shift_sigma(1.0, 5.0), 1.0);
  EXPECT_DOUBLE_EQ(shift_sigma(0.5, 3.0), 0.75);
  EXPECT_EQ(shift_sigma(0.37, 1.0), 0.37);
  // It multiplies the odds sigma / (1 - sigma), hence two shifts are one.
  EXPECT_NEAR(shift_sigma(shift_sigma(0.2, 2.0), 3.0), shift_sigma(0.2, 6.0), 1e-15);
}

TEST(Schedule, CustomTakesAnyFallingSigmas) {
  const Schedule schedule = custom_schedule({0.9, 0.5, 0.25});
  EXPECT_EQ(schedule.steps(), 2);
  EXPECT_EQ(schedule.timestep(2), 250.0);
  EXPECT_THROW(custom_schedule({0.5}), InvalidArgument);
  EXPECT_THROW(custom_schedule({0.5, 0.5}), InvalidArgument);
  EXPECT_THROW(custom_schedule({0.5, -0.1}), InvalidArgument);
  EXPECT_THROW(custom_schedule({std::nan(""), 0.0}), InvalidArgument);
}

TEST(Schedule, StrengthKeepsTheEnd) {
  const Schedule whole = flow_schedule(10), cut = cut_schedule(whole, 0.6);
  EXPECT_EQ(cut.sigmas, std::vector<double>(whole.sigmas.begin() + 4, whole.sigmas.end()));
  EXPECT_EQ(cut.timesteps, std::vector<double>(whole.timesteps.begin() + 4, whole.timesteps.end()));
  EXPECT_EQ(cut_schedule(whole, 1.0).sigmas, whole.sigmas);
  EXPECT_EQ(cut_schedule(whole, 0.19).steps(), 1);
  EXPECT_THROW(cut_schedule(whole, 0.09), InvalidArgument);
  EXPECT_THROW(cut_schedule(whole, 0.0), InvalidArgument);
  EXPECT_THROW(cut_schedule(whole, 1.1), InvalidArgument);
  EXPECT_THROW(cut_schedule(whole, std::nan("")), InvalidArgument);
}

TEST(Schedule, RefusesWhatCannotWork) {
  EXPECT_THROW(flow_schedule(0), InvalidArgument);
  EXPECT_THROW(flow_schedule(4, {.shift = 0.0}), InvalidArgument);
  EXPECT_THROW(flow_schedule(4, {.train_timesteps = 1}), InvalidArgument);
  EXPECT_THROW(flow_schedule(4, {.spacing = "karras"}), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::diffusion
