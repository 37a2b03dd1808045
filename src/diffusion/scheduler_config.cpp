#include "diffusion/scheduler_config.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/options.h"

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

constexpr std::string_view kWhere = "scheduler_config";

// A diffusers scheduler class, what it is called here, and its key for the shift.
struct SchedulerClass {
  std::string_view name;
  std::string_view sampler;
  std::string_view spacing;
  const char* shift_key;
};

constexpr std::array<SchedulerClass, 3> kClasses = {{
    {"UniPCMultistepScheduler", "unipc", "unipc", "flow_shift"},
    {"DPMSolverMultistepScheduler", "dpmpp-2m", "dpmpp", "flow_shift"},
    {"FlowMatchEulerDiscreteScheduler", "euler", "flow-match-euler", "shift"},
}};

// A key that must hold `value`; a missing key counts as `otherwise`, the default of diffusers.
struct Fixed {
  const char* key;
  json value;
  json otherwise;
};

std::vector<Fixed> fixed_for(const SchedulerClass& scheduler) {
  std::vector<Fixed> fixed = {{"use_karras_sigmas", false, false},
                              {"use_exponential_sigmas", false, false},
                              {"use_beta_sigmas", false, false},
                              {"use_dynamic_shifting", false, false},
                              {"shift_terminal", nullptr, nullptr},
                              {"thresholding", false, false},
                              {"final_sigmas_type", "zero", "zero"},
                              {"solver_p", nullptr, nullptr},
                              {"predict_x0", true, true},
                              {"use_lu_lambdas", false, false},
                              {"invert_sigmas", false, false},
                              {"stochastic_sampling", false, false}};
  if (scheduler.sampler != "euler") {
    fixed.push_back({"prediction_type", "flow_prediction", "epsilon"});
    fixed.push_back({"use_flow_sigmas", true, false});
  }
  if (scheduler.sampler == "dpmpp-2m") {
    fixed.push_back({"algorithm_type", "dpmsolver++", "dpmsolver++"});
    fixed.push_back({"solver_order", 2, 2});
    fixed.push_back({"solver_type", "midpoint", "midpoint"});
  }
  return fixed;
}

void check_fixed(const SchedulerClass& scheduler, const json& config) {
  for (const Fixed& fixed : fixed_for(scheduler)) {
    const json found = config.value(fixed.key, fixed.otherwise);
    // A switch that is off may be written as false or null.
    const bool off = (fixed.value.is_null() || fixed.value == false) && (found.is_null() || found == false);
    require(off || found == fixed.value, kWhere, "expected {} {} but got {}", fixed.key, shown(fixed.value),
            shown(found));
  }
}

const SchedulerClass& find_class(std::string_view name) {
  std::vector<std::string> known;
  for (const SchedulerClass& scheduler : kClasses) {
    if (scheduler.name == name) return scheduler;
    known.emplace_back(scheduler.name);
  }
  throw_unknown(kWhere, name, known);
}

// Hands the keys of `config` that are fields to them.
void read_known(const FieldList& fields, const json& config) {
  json known = json::object();
  for (const Field& field : fields) {
    if (config.contains(field.name) && !config[field.name].is_null()) known[field.name] = config[field.name];
  }
  read_fields(fields, known, kWhere);
}

}  // namespace

SchedulerConfig read_scheduler_config(const json& config) {
  require(config.is_object(), kWhere, "expected an object but got {}", config.type_name());
  require(config.contains("_class_name") && config["_class_name"].is_string(), kWhere,
          "expected a _class_name but got none");
  const SchedulerClass& scheduler = find_class(config["_class_name"].get<std::string>());
  check_fixed(scheduler, config);

  SchedulerConfig result;
  result.sampler = scheduler.sampler;
  json schedule = {{"spacing", std::string(scheduler.spacing)},
                   {"shift", config.value(scheduler.shift_key, json(1.0))}};
  if (config.contains("num_train_timesteps")) schedule["train_timesteps"] = config["num_train_timesteps"];
  read_fields(result.schedule.fields(), schedule, kWhere);
  read_known(result.options.fields(), config);
  if (result.options.solver_type != "bh1") result.options.solver_type = "bh2";  // diffusers takes "midpoint" … as bh2
  return result;
}

json write_scheduler_config(const SchedulerConfig& config) {
  for (const SchedulerClass& scheduler : kClasses) {
    if (scheduler.sampler != config.sampler) continue;
    require(scheduler.spacing == config.schedule.spacing, kWhere, "expected spacing {} for {} but got {}",
            scheduler.spacing, config.sampler, config.schedule.spacing);
    json result = {{"_class_name", std::string(scheduler.name)},
                   {"num_train_timesteps", config.schedule.train_timesteps},
                   {scheduler.shift_key, config.schedule.shift}};
    if (config.sampler == "euler") return result;
    result.update({{"prediction_type", "flow_prediction"},
                   {"use_flow_sigmas", true},
                   {"solver_order", config.options.solver_order},
                   {"lower_order_final", config.options.lower_order_final}});
    const bool dpmpp = config.sampler == "dpmpp-2m";
    result["solver_type"] = dpmpp ? "midpoint" : config.options.solver_type;
    if (!dpmpp) result["disable_corrector"] = config.options.disable_corrector;
    return result;
  }
  throw_invalid(kWhere, fmt::format("expected a sampler that diffusers has but got '{}'", config.sampler));
}

}  // namespace hotshot::diffusion
