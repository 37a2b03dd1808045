#include "diffusion/scheduler_config.h"

#include <array>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/options.h"
#include "diffusion/scheduler_class.h"

namespace hotshot::diffusion {
namespace {

using nlohmann::json;

constexpr std::string_view kWhere = "scheduler_config";

// A switch of the file and the spacing of sigmas it turns on.
struct SpacingKey {
  const char* key;
  const char* spacing;
};

constexpr std::array<SpacingKey, 3> kSpacingKeys = {
    {{"use_karras_sigmas", "karras"}, {"use_exponential_sigmas", "exponential"}, {"use_beta_sigmas", "beta"}}};

// A switch that is off may be written as false or null, a limit that is off as infinity.
bool same_setting(const json& a, const json& b) {
  const auto off = [](const json& value) {
    return value.is_null() || value == false || (value.is_number_float() && std::isinf(value.get<double>()));
  };
  return a == b || (off(a) && off(b));
}

// The keys that matter to a class, as the file has them or else by default.
json settings_of(const SchedulerClass& scheduler, const json& config) {
  json settings = keys_of(scheduler);
  for (const auto& [key, value] : settings.items()) {
    if (config.contains(key)) value = config[key];
  }
  return settings;
}

// The first key whose value the class does not serve; empty if there is none.
std::string unserved_key(const SchedulerClass& scheduler, const json& settings) {
  const json fixed = fixed_of(scheduler);
  for (const auto& [key, value] : fixed.items()) {
    if (!same_setting(settings[key], value)) return key;
  }
  return {};
}

// Of several rows for a class the one that serves the file, else the first, whose check will complain.
const SchedulerClass& find_class(std::string_view name, const json& config) {
  const SchedulerClass* first = nullptr;
  std::vector<std::string> known;
  for (const SchedulerClass& scheduler : scheduler_classes()) {
    if (known.empty() || known.back() != scheduler.name) known.emplace_back(scheduler.name);
    if (scheduler.name != name) continue;
    if (unserved_key(scheduler, settings_of(scheduler, config)).empty()) return scheduler;
    if (!first) first = &scheduler;
  }
  if (!first) throw_unknown(kWhere, name, known);
  return *first;
}

// Hands those of `settings` that are fields to them.
void read_known(const FieldList& fields, const json& settings) {
  json known = json::object();
  for (const Field& field : fields) {
    if (settings.contains(field.name) && !settings[field.name].is_null()) known[field.name] = settings[field.name];
  }
  read_fields(fields, known, kWhere);
}

bool on(const json& settings, const char* key) {
  const json value = settings.value(key, json(false));
  require(value.is_boolean() || value.is_null(), kWhere, "expected {} true or false but got {}", key, shown(value));
  return value == true;
}

const char* shift_key(const SchedulerClass& scheduler) { return scheduler.grid.empty() ? "shift" : "flow_shift"; }

FlowScheduleOptions read_flow(const SchedulerClass& scheduler, const json& settings) {
  for (const auto& [key, spacing] : kSpacingKeys) {
    require(!on(settings, key), kWhere, "expected {} false with flow sigmas but got true", key);
  }
  for (const auto& [key, value] :
       {std::pair<const char*, json>{"prediction_type", "flow_prediction"}, {"final_sigmas_type", "zero"}}) {
    const json found = settings.value(key, value);
    require(found == value, kWhere, "expected {} {} with flow sigmas but got {}", key, shown(value), shown(found));
  }
  FlowScheduleOptions flow;
  read_fields(flow.fields(),
              {{"spacing", std::string(scheduler.flow_spacing)},
               {"shift", settings[shift_key(scheduler)]},
               {"train_timesteps", settings["num_train_timesteps"]}},
              kWhere);
  return flow;
}

DiscreteScheduleOptions read_discrete(const SchedulerClass& scheduler, const json& settings) {
  DiscreteScheduleOptions discrete;
  const FieldList fields = discrete.fields();
  read_known(fields, settings);
  read_fields(fields, {{"grid", std::string(scheduler.grid)}, {"train_timesteps", settings["num_train_timesteps"]}},
              kWhere);
  require(discrete.prediction_type != "flow_prediction", kWhere, "expected use_flow_sigmas with {} but got none",
          discrete.prediction_type);
  for (const auto& [key, spacing] : kSpacingKeys) {
    if (!on(settings, key)) continue;
    require(discrete.sigma_spacing == "timesteps", kWhere, "expected one spacing of sigmas but got {} and {}",
            discrete.sigma_spacing, spacing);
    discrete.sigma_spacing = spacing;
  }
  if (settings.contains("set_alpha_to_one")) {
    discrete.final_sigmas_type = on(settings, "set_alpha_to_one") ? "zero" : "sigma_min";
  }
  return discrete;
}

bool serves(const SchedulerClass& scheduler, const SchedulerConfig& config) {
  if (scheduler.sampler != config.sampler) return false;
  if (const auto* flow = std::get_if<FlowScheduleOptions>(&config.schedule)) {
    return scheduler.flow_spacing == flow->spacing;
  }
  return scheduler.grid == std::get<DiscreteScheduleOptions>(config.schedule).grid;
}

void write_schedule(json& settings, const SchedulerClass& scheduler, FlowScheduleOptions flow) {
  settings["num_train_timesteps"] = flow.train_timesteps;
  settings[shift_key(scheduler)] = flow.shift;
  if (scheduler.grid.empty()) return;
  settings["prediction_type"] = "flow_prediction";
  settings["use_flow_sigmas"] = true;
}

void write_schedule(json& settings, const SchedulerClass&, DiscreteScheduleOptions discrete) {
  settings["num_train_timesteps"] = discrete.table.train_timesteps;
  const json fields = write_fields(discrete.fields());
  for (const auto& [key, value] : settings.items()) {
    if (fields.contains(key)) value = fields[key];
  }
  for (const auto& [key, spacing] : kSpacingKeys) {
    if (settings.contains(key)) settings[key] = discrete.sigma_spacing == spacing;
  }
  if (settings.contains("set_alpha_to_one")) settings["set_alpha_to_one"] = discrete.final_sigmas_type == "zero";
}

// By value: fields() hands out pointers to members.
json fields_of(SchedulerConfig config) {
  json fields = write_fields(config.options.fields());
  fields.update(std::visit([](auto& schedule) { return write_fields(schedule.fields()); }, config.schedule));
  return fields;
}

}  // namespace

SchedulerConfig read_scheduler_config(const json& config) {
  require(config.is_object(), kWhere, "expected an object but got {}", config.type_name());
  require(config.contains("_class_name") && config["_class_name"].is_string(), kWhere,
          "expected a _class_name but got none");
  const SchedulerClass& scheduler = find_class(config["_class_name"].get<std::string>(), config);
  const json settings = settings_of(scheduler, config);
  if (const std::string key = unserved_key(scheduler, settings); !key.empty()) {
    throw_invalid(kWhere,
                  fmt::format("expected {} {} but got {}", key, shown(fixed_of(scheduler)[key]), shown(settings[key])));
  }

  SchedulerConfig result{.sampler = std::string(scheduler.sampler), .note = std::string(scheduler.note)};
  if (scheduler.grid.empty() || on(settings, "use_flow_sigmas")) {
    result.schedule = read_flow(scheduler, settings);
  } else {
    result.schedule = read_discrete(scheduler, settings);
  }
  read_known(result.options.fields(), settings);
  if (result.options.solver_type != "bh1") result.options.solver_type = "bh2";  // diffusers takes "midpoint" … as bh2
  make_schedule(1, result.schedule);  // names it does not know are errors of the file
  return result;
}

json write_scheduler_config(const SchedulerConfig& config) {
  for (const SchedulerClass& scheduler : scheduler_classes()) {
    if (!serves(scheduler, config)) continue;
    json settings = keys_of(scheduler);
    const json options = write_fields(SamplerOptions(config.options).fields());
    for (const auto& [key, value] : settings.items()) {
      if (options.contains(key)) value = options[key];
    }
    settings.update(fixed_of(scheduler));
    std::visit([&](const auto& schedule) { write_schedule(settings, scheduler, schedule); }, config.schedule);
    for (auto it = settings.begin(); it != settings.end();) it = it->is_null() ? settings.erase(it) : std::next(it);
    settings["_class_name"] = std::string(scheduler.name);
    require(fields_of(read_scheduler_config(settings)) == fields_of(config), kWhere,
            "expected settings that {} has but got {}", scheduler.name, fields_of(config).dump());
    return settings;
  }
  throw_invalid(kWhere, fmt::format("expected a sampler and schedule that diffusers has but got '{}'", config.sampler));
}

}  // namespace hotshot::diffusion
