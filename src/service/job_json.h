// Jobs as the native interface says them (docs/service.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "service/service.h"

namespace hotshot::service {

/// One job. Reads its place in the queue where it waits.
nlohmann::json job_json(Service& service, const store::Job& job);

/// "https://clips.example.org" or "" (links are then relative).
std::string public_base(const ServiceConfig& config);

}  // namespace hotshot::service
