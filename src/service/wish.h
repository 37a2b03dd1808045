// What a client of another service's interface asks for, brought down to what a model here can do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/service.h"

namespace hotshot::service {

/// As it was asked; what was not said is empty.
struct Asked {
  std::string model = {};
  std::string prompt = {};
  std::string negative = {};
  std::optional<std::string> size = {};  // "1280x720"
  std::optional<double> aspect = {};     // width / height, where no size is given
  std::optional<double> seconds = {};
  std::optional<std::int64_t> seed = {};
  std::optional<std::int64_t> steps = {};
  std::optional<double> guidance = {};
};

/// What will be done, and what had to give way.
struct Wish {
  std::string model;
  pipeline::GenerateRequest request = {};
  std::vector<std::string> warnings = {};
  nlohmann::json requested = {};  // as it was asked
};

/// Names of models that are gone ("sora-2", "grok-imagine-video") stand for the default one; a size that is
/// off the model's grid or larger than it was made for becomes the model's size of the nearest shape, a length at most
/// what it was made for: programs written for another service run, and the warnings say what they get. HttpError 400,
/// 404.
Wish understand(Service& service, const Asked& asked);

/// Plans and queues it; warnings of the wish become the job's.
store::Job grant(Service& service, const store::Identity& who, const Wish& wish, const Submission& how);

/// "16:9" → 16 / 9. HttpError 400 "invalid_request" for what is no ratio.
double parse_aspect(const std::string& text, const char* field);

/// Seconds a job's clip lasts, 0 where it is not known.
double job_seconds(const store::Job& job);

}  // namespace hotshot::service
