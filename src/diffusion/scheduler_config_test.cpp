#include "diffusion/scheduler_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

// By value: fields() hands out pointers to members.
template <class Options>
json fields_of(Options options) {
  return write_fields(options.fields());
}

json wan() {
  return json::parse(R"({"_class_name": "UniPCMultistepScheduler", "_diffusers_version": "0.33.0",
    "prediction_type": "flow_prediction", "use_flow_sigmas": true, "flow_shift": 5.0, "solver_order": 3,
    "solver_type": "midpoint", "lower_order_final": false, "disable_corrector": [0, 1], "num_train_timesteps": 500,
    "beta_start": 0.0001, "thresholding": false, "solver_p": null, "shift_terminal": null})");
}

TEST(SchedulerConfig, ReadsWhatWanShips) {
  const SchedulerConfig config = read_scheduler_config(wan());
  EXPECT_EQ(config.sampler, "unipc");
  EXPECT_EQ(config.schedule.spacing, "unipc");
  EXPECT_EQ(config.schedule.shift, 5.0);
  EXPECT_EQ(config.schedule.train_timesteps, 500);
  EXPECT_EQ(config.options.solver_order, 3);
  EXPECT_EQ(config.options.solver_type, "bh2");
  EXPECT_FALSE(config.options.lower_order_final);
  EXPECT_EQ(config.options.disable_corrector, (std::vector<int>{0, 1}));
}

TEST(SchedulerConfig, ReadsEulerAndDpm) {
  const auto euler = read_scheduler_config({{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"shift", 7.0}});
  EXPECT_EQ(euler.sampler, "euler");
  EXPECT_EQ(euler.schedule.spacing, "flow-match-euler");
  EXPECT_EQ(euler.schedule.shift, 7.0);
  json dpm = {{"_class_name", "DPMSolverMultistepScheduler"},
              {"prediction_type", "flow_prediction"},
              {"use_flow_sigmas", true}};
  EXPECT_EQ(read_scheduler_config(dpm).sampler, "dpmpp-2m");
  EXPECT_EQ(read_scheduler_config(dpm).schedule.shift, 1.0);
  dpm["algorithm_type"] = "sde-dpmsolver++";
  EXPECT_THROW(read_scheduler_config(dpm), InvalidArgument);
}

TEST(SchedulerConfig, RefusesWhatWouldGiveOtherNumbers) {
  const std::vector<std::pair<std::string, json>> wrong = {
      {"prediction_type", "epsilon"}, {"use_flow_sigmas", false},         {"use_karras_sigmas", true},
      {"thresholding", true},         {"final_sigmas_type", "sigma_min"}, {"solver_order", 4},
      {"flow_shift", "many"},         {"_class_name", "DDIMScheduler"},   {"_class_name", 3},
      {"shift_terminal", 0.1},        {"use_dynamic_shifting", true},     {"flow_shift", -1.0}};
  for (const auto& [key, value] : wrong) {
    json config = wan();
    config[key] = value;
    EXPECT_THROW(read_scheduler_config(config), InvalidArgument) << key;
  }
  json without_type = wan();
  without_type.erase("prediction_type");  // diffusers would take epsilon
  EXPECT_THROW(read_scheduler_config(without_type), InvalidArgument);
  EXPECT_THROW(read_scheduler_config(json::array()), InvalidArgument);
  EXPECT_THROW(read_scheduler_config(json::object()), InvalidArgument);
}

TEST(SchedulerConfig, WritesWhatItReads) {
  for (const auto& [sampler, spacing] :
       {std::pair{"unipc", "unipc"}, {"dpmpp-2m", "dpmpp"}, {"euler", "flow-match-euler"}}) {
    SchedulerConfig config{.sampler = sampler};
    config.schedule.spacing = spacing;
    config.schedule.shift = 2.5;
    const SchedulerConfig again = read_scheduler_config(write_scheduler_config(config));
    EXPECT_EQ(again.sampler, config.sampler);
    EXPECT_EQ(fields_of(again.schedule), fields_of(config.schedule));
    EXPECT_EQ(fields_of(again.options), fields_of(config.options));
  }
  EXPECT_THROW(write_scheduler_config({.sampler = "heun"}), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::diffusion
