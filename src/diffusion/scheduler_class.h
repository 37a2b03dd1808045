// The scheduler classes of diffusers, and what runs them here. Internal to diffusion.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

namespace hotshot::diffusion {

/// One class. It serves discrete models if it has a grid, flow matching if it has a flow_spacing.
struct SchedulerClass {
  std::string_view name;
  std::string_view sampler;              // a name of samplers()
  std::string_view grid;                 // DiscreteScheduleOptions::grid
  std::string_view flow_spacing;         // FlowScheduleOptions::spacing
  std::array<std::string_view, 3> keys;  // JSON: keys that change its numbers, with the defaults of diffusers
  std::string_view fixed = "{}";         // JSON: keys of which it serves one value alone
  std::string_view note = {};            // what is not as the file says
};

/// All, the first of a name being the usual one.
std::span<const SchedulerClass> scheduler_classes();

/// The keys of a class that change its numbers, with the defaults of diffusers.
nlohmann::json keys_of(const SchedulerClass& scheduler);

/// The keys of a class of which one value is served, with that value.
nlohmann::json fixed_of(const SchedulerClass& scheduler);

}  // namespace hotshot::diffusion
