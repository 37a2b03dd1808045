#include "diffusion/scheduler_config.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>
#include <variant>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

// By value: fields() hands out pointers to members.
json fields_of(SchedulerConfig config) {
  json fields = write_fields(config.options.fields());
  fields["schedule"] = std::visit([](auto& schedule) { return write_fields(schedule.fields()); }, config.schedule);
  fields["sampler"] = config.sampler;
  return fields;
}

FlowScheduleOptions flow(const SchedulerConfig& config) { return std::get<FlowScheduleOptions>(config.schedule); }

DiscreteScheduleOptions discrete(const SchedulerConfig& config) {
  return std::get<DiscreteScheduleOptions>(config.schedule);
}

// As published with SDXL, with SD 1.5 and with Hotshot-XL's default.
json sdxl() {
  return json::parse(R"({"_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.19.0.dev0",
    "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false,
    "interpolation_type": "linear", "num_train_timesteps": 1000, "prediction_type": "epsilon",
    "sample_max_value": 1.0, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
    "timestep_spacing": "leading", "trained_betas": null, "use_karras_sigmas": false})");
}

json sd15() {
  return json::parse(R"({"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000, "set_alpha_to_one": false,
    "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false})");
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
  EXPECT_EQ(flow(config).spacing, "unipc");
  EXPECT_EQ(flow(config).shift, 5.0);
  EXPECT_EQ(flow(config).train_timesteps, 500);
  EXPECT_EQ(config.options.solver_order, 3);
  EXPECT_EQ(config.options.solver_type, "bh2");
  EXPECT_FALSE(config.options.lower_order_final);
  EXPECT_EQ(config.options.disable_corrector, (std::vector<int>{0, 1}));
}

TEST(SchedulerConfig, ReadsEulerAndDpm) {
  const auto euler = read_scheduler_config({{"_class_name", "FlowMatchEulerDiscreteScheduler"}, {"shift", 7.0}});
  EXPECT_EQ(euler.sampler, "euler");
  EXPECT_EQ(flow(euler).spacing, "flow-match-euler");
  EXPECT_EQ(flow(euler).shift, 7.0);
  json dpm = {{"_class_name", "DPMSolverMultistepScheduler"},
              {"prediction_type", "flow_prediction"},
              {"use_flow_sigmas", true}};
  EXPECT_EQ(read_scheduler_config(dpm).sampler, "dpmpp-2m");
  EXPECT_EQ(flow(read_scheduler_config(dpm)).shift, 1.0);
  dpm["algorithm_type"] = "sde-dpmsolver++";
  EXPECT_EQ(read_scheduler_config(dpm).sampler, "dpmpp-2m-sde");
  dpm["algorithm_type"] = "dpmsolver";
  EXPECT_THROW(read_scheduler_config(dpm), InvalidArgument);
}

TEST(SchedulerConfig, ReadsWhatSdxlShips) {
  const SchedulerConfig config = read_scheduler_config(sdxl());
  EXPECT_EQ(config.sampler, "euler");
  EXPECT_TRUE(config.note.empty());
  EXPECT_EQ(write_fields(discrete(config).fields()), write_fields(DiscreteScheduleOptions{}.fields()));
  json ancestral = sdxl();
  ancestral["_class_name"] = "EulerAncestralDiscreteScheduler";
  EXPECT_EQ(read_scheduler_config(ancestral).sampler, "euler-ancestral");
  ancestral["use_karras_sigmas"] = true;  // the class does not know it
  EXPECT_EQ(discrete(read_scheduler_config(ancestral)).sigma_spacing, "timesteps");
}

TEST(SchedulerConfig, SaysThatItRunsPndmOtherwise) {
  const SchedulerConfig config = read_scheduler_config(sd15());
  EXPECT_EQ(config.sampler, "dpmpp-2m");
  EXPECT_NE(config.note.find("PNDM"), std::string::npos);
  EXPECT_EQ(discrete(config).grid, "ddim");
  EXPECT_EQ(discrete(config).timestep_spacing, "leading");
  EXPECT_EQ(discrete(config).final_sigmas_type, "sigma_min");
  EXPECT_EQ(discrete_schedule(50, discrete(config)).timesteps.front(), 981.0);
}

TEST(SchedulerConfig, MissingKeysAreTheDefaultsOfTheClass) {
  const SchedulerConfig euler = read_scheduler_config({{"_class_name", "EulerDiscreteScheduler"}});
  EXPECT_EQ(discrete(euler).timestep_spacing, "linspace");
  EXPECT_EQ(discrete(euler).table.beta_schedule, "linear");
  EXPECT_EQ(discrete(euler).table.beta_end, 0.02);
  const SchedulerConfig lcm = read_scheduler_config({{"_class_name", "LCMScheduler"}, {"timestep_scaling", 4.0}});
  EXPECT_EQ(discrete(lcm).table.beta_end, 0.012);
  EXPECT_EQ(lcm.options.timestep_scaling, 4.0);
  EXPECT_THROW(read_scheduler_config({{"_class_name", "DDIMScheduler"}}), InvalidArgument);  // clips by default
}

TEST(SchedulerConfig, ReadsSpacingsAndEnds) {
  json karras = sdxl(), ddim = sdxl();
  karras.update({{"use_karras_sigmas", true}, {"final_sigmas_type", "sigma_min"}});
  EXPECT_EQ(discrete(read_scheduler_config(karras)).sigma_spacing, "karras");
  EXPECT_EQ(discrete(read_scheduler_config(karras)).final_sigmas_type, "sigma_min");
  karras["use_exponential_sigmas"] = true;
  EXPECT_THROW(read_scheduler_config(karras), InvalidArgument);
  ddim["_class_name"] = "DDIMScheduler";
  EXPECT_EQ(discrete(read_scheduler_config(ddim)).final_sigmas_type, "sigma_min");
  ddim["set_alpha_to_one"] = true;
  EXPECT_EQ(discrete(read_scheduler_config(ddim)).final_sigmas_type, "zero");
  json dpm = sdxl();
  dpm["_class_name"] = "DPMSolverMultistepScheduler";
  dpm["lambda_min_clipped"] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(read_scheduler_config(dpm).sampler, "dpmpp-2m");
  dpm["lambda_min_clipped"] = -5.1;
  EXPECT_THROW(read_scheduler_config(dpm), InvalidArgument);
}

TEST(SchedulerConfig, RefusesDiscreteSettingsThatWouldGiveOtherNumbers) {
  const std::vector<std::pair<std::string, json>> wrong = {{"prediction_type", "flow_prediction"},
                                                           {"prediction_type", "wish"},
                                                           {"prediction_type", 3},
                                                           {"trained_betas", {0.1, 0.2}},
                                                           {"beta_schedule", "magic"},
                                                           {"beta_start", "low"},
                                                           {"timestep_spacing", "magic"},
                                                           {"steps_offset", -1},
                                                           {"use_beta_sigmas", 1},
                                                           {"interpolation_type", "log_linear"},
                                                           {"sigma_max", 10.0},
                                                           {"timestep_type", "continuous"},
                                                           {"final_sigmas_type", "magic"},
                                                           {"num_train_timesteps", 0},
                                                           {"num_train_timesteps", 1e12},
                                                           {"use_karras_sigmas", "yes"}};
  for (const auto& [key, value] : wrong) {
    json config = sdxl();
    config[key] = value;
    EXPECT_THROW(read_scheduler_config(config), InvalidArgument) << key;
  }
  for (const auto& [name, key, value] : std::vector<std::tuple<const char*, const char*, json>>{
           {"DDIMScheduler", "clip_sample", true},
           {"DDIMScheduler", "thresholding", true},
           {"DDPMScheduler", "variance_type", "learned_range"},
           {"DPMSolverMultistepScheduler", "solver_order", 3},
           {"DPMSolverMultistepScheduler", "solver_type", "heun"},
           {"DPMSolverMultistepScheduler", "algorithm_type", "dpmsolver"},
           {"UniPCMultistepScheduler", "predict_x0", false},
           {"LCMScheduler", "clip_sample", true}}) {
    json config = sdxl();
    config["_class_name"] = name;
    EXPECT_NO_THROW(read_scheduler_config(config)) << name;
    config[key] = value;
    EXPECT_THROW(read_scheduler_config(config), InvalidArgument) << name << " " << key;
  }
}

TEST(SchedulerConfig, WritesEveryClassItReads) {
  for (const char* name : {"EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler",
                           "DPMSolverSDEScheduler", "DDIMScheduler", "DDPMScheduler", "PNDMScheduler",
                           "DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "LCMScheduler"}) {
    json file = sdxl();
    file.update({{"_class_name", name}, {"prediction_type", "v_prediction"}, {"use_karras_sigmas", true}});
    const SchedulerConfig config = read_scheduler_config(file);
    const json written = write_scheduler_config(config);
    EXPECT_EQ(written["_class_name"], name);
    for (const auto& [key, value] : written.items()) EXPECT_FALSE(value.is_null()) << key;  // not diffusers' default
    EXPECT_EQ(fields_of(read_scheduler_config(written)), fields_of(config)) << name;
  }
  json sde = sdxl();
  sde.update({{"_class_name", "DPMSolverMultistepScheduler"}, {"algorithm_type", "sde-dpmsolver++"}});
  EXPECT_EQ(write_scheduler_config(read_scheduler_config(sde))["algorithm_type"], "sde-dpmsolver++");
  const DiscreteScheduleOptions odd{.grid = "lcm"};
  EXPECT_THROW(write_scheduler_config({.sampler = "heun", .schedule = odd}), InvalidArgument);
  const DiscreteScheduleOptions ancestral_karras{.sigma_spacing = "karras"};  // the class has no such key
  EXPECT_THROW(write_scheduler_config({.sampler = "euler-ancestral", .schedule = ancestral_karras}), InvalidArgument);
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
    const SchedulerConfig config{.sampler = sampler, .schedule = FlowScheduleOptions{.shift = 2.5, .spacing = spacing}};
    EXPECT_EQ(fields_of(read_scheduler_config(write_scheduler_config(config))), fields_of(config));
  }
  EXPECT_THROW(write_scheduler_config({.sampler = "heun"}), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::diffusion
