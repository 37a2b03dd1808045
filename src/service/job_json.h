// Jobs as the native interface says them (docs/service.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "service/service.h"

namespace hotshot::service {

/// One job. Reads its place in the queue where it waits, unless that is not wanted.
nlohmann::json job_json(Service& service, const store::Job& job, bool with_place = true);
/// Several; the places of the first few that wait, for each costs a look at everybody's jobs.
nlohmann::json jobs_json(Service& service, const std::vector<store::Job>& jobs);

/// "https://clips.example.org" or "" (links are then relative).
std::string public_base(const ServiceConfig& config);

}  // namespace hotshot::service
