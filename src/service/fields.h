// A request's fields as one JSON object, whichever way a client sent them.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "net/form.h"
#include "net/http.h"
#include "store/jobs.h"

namespace hotshot::service {

struct RequestFields {
  nlohmann::json values = nlohmann::json::object();  // of forms: strings; "a[b]" is nested, "a[]" a list
  std::map<std::string, net::FormPart> files;        // by name
};

/// Of application/json, multipart/form-data or application/x-www-form-urlencoded. HttpError 400, 413, 415.
RequestFields read_request_fields(const net::Request& request, const std::filesystem::path& spool);

/// Bodies that hold a file: its 256 MiB and the form around it.
/// Of titles, folders and relations, in bytes.
inline constexpr std::size_t kLongestName = 200;
inline constexpr std::uint64_t kLargestUpload = 257u << 20;

/// The part `file` of a multipart form, on disk. HttpError 400 without one, 413 above 256 MiB, 415.
net::Content uploaded_file(const net::Request& request, const std::filesystem::path& spool);

/// A member as text, number or whole number, where forms say "5" for 5. Empty where it is missing or null; HttpError
/// 400 "invalid_request" for another kind of value.
std::optional<std::string> text_field(const nlohmann::json& values, const char* name);
std::optional<double> number_field(const nlohmann::json& values, const char* name);
std::optional<std::int64_t> integer_field(const nlohmann::json& values, const char* name);

/// What the header idempotency-key says, for a request of these values through `dialect`. HttpError 400 for one of more
/// than 255 bytes.
std::optional<store::Idempotency> idempotency_of(const net::Request& request, const nlohmann::json& values,
                                                 std::string_view dialect);

}  // namespace hotshot::service
