// A request's fields as one JSON object, whichever way a client sent them.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "net/form.h"
#include "net/http.h"

namespace hotshot::service {

struct RequestFields {
  nlohmann::json values = nlohmann::json::object();  // of forms: strings; "a[b]" is nested, "a[]" a list
  std::map<std::string, net::FormPart> files;        // by name
};

/// Of application/json, multipart/form-data or application/x-www-form-urlencoded. HttpError 400, 413, 415.
RequestFields read_request_fields(const net::Request& request, const std::filesystem::path& spool);

/// A member as text, number or whole number, where forms say "5" for 5. Empty where it is missing or null; HttpError
/// 400 "invalid_request" for another kind of value.
std::optional<std::string> text_field(const nlohmann::json& values, const char* name);
std::optional<double> number_field(const nlohmann::json& values, const char* name);
std::optional<std::int64_t> integer_field(const nlohmann::json& values, const char* name);

}  // namespace hotshot::service
