#include "service/fields.h"

#include <charconv>
#include <cmath>

#include "base/digest.h"
#include "base/error.h"
#include "base/options.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 5;

// "a[b][]" → {"a", "b", ""}; one that is no such name is a name as a whole.
std::vector<std::string> path_of(const std::string& name) {
  const std::size_t open = name.find('[');
  if (open == std::string::npos || open == 0 || !name.ends_with(']')) return {name};
  std::vector<std::string> path{name.substr(0, open)};
  for (std::size_t begin = open; begin < name.size();) {
    const std::size_t end = name.find(']', begin);
    if (name[begin] != '[' || end == std::string::npos) return {name};
    path.push_back(name.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return path;
}

[[noreturn]] void refuse(const std::string& name, const char* expected, const json& value) {
  throw net::HttpError(400, "invalid_request", fmt::format("[{}] expected {} but got {}", name, expected, shown(value)),
                       name);
}

void assign(json& values, const std::string& name, const std::string& text) {
  const std::vector<std::string> path = path_of(name);
  if (path.size() > kDeepest)
    throw net::HttpError(400, "invalid_request", fmt::format("[{}] nested too deep", name.substr(0, 80)));
  json* at = &values;
  for (const std::string& key : path) {
    const bool list = key.empty();
    if (at->is_null()) *at = list ? json::array() : json::object();
    if (list ? !at->is_array() : !at->is_object()) refuse(name, "fields that fit each other", *at);
    if (list) at->push_back(nullptr);
    at = list ? &at->back() : &(*at)[key];
  }
  *at = text;
}

const json* member(const json& values, const char* name) {
  const auto found = values.find(name);
  return found == values.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

RequestFields read_request_fields(const net::Request& request, const std::filesystem::path& spool) {
  RequestFields fields;
  const std::string type = request.headers.get("content-type");
  if (type.starts_with("application/json") || request.body.size() == 0) {
    if (request.body.size() == 0) return fields;
    fields.values = parse_json(request.body.text());
    if (!fields.values.is_object()) {
      throw net::HttpError(400, "invalid_request", "[body] expected a JSON object but got something else");
    }
    return fields;
  }
  const net::FormLimits limits{.spool = spool};
  for (net::FormPart& part : net::parse_form(request, limits)) {
    if (part.is_file) {
      fields.files.insert_or_assign(part.name, std::move(part));
    } else {
      assign(fields.values, part.name, part.content.text(limits.max_field_bytes));
    }
  }
  return fields;
}

net::Content uploaded_file(const net::Request& request, const std::filesystem::path& spool) {
  const net::FormLimits limits{.max_parts = 4, .max_file_bytes = 256u << 20, .memory_file = 0, .spool = spool};
  for (const net::FormPart& part : net::parse_form(request, limits)) {
    if (part.name == "file" && part.content.size() > 0) return part.content;
  }
  throw net::HttpError(400, "invalid_request", "[file] expected a part named file but got none", "file");
}

std::optional<std::string> text_field(const json& values, const char* name) {
  const json* value = member(values, name);
  if (!value) return {};
  if (value->is_number()) return value->dump();
  if (!value->is_string()) refuse(name, "a string", *value);
  return value->get<std::string>();
}

std::optional<double> number_field(const json& values, const char* name) {
  const json* value = member(values, name);
  if (!value) return {};
  if (value->is_number()) return value->get<double>();
  if (!value->is_string()) refuse(name, "a number", *value);
  const std::string text = value->get<std::string>();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    refuse(name, "a number", *value);
  return number;
}

std::optional<std::int64_t> integer_field(const json& values, const char* name) {
  const std::optional<double> number = number_field(values, name);
  if (!number) return {};
  if (*number != std::floor(*number) || std::abs(*number) > 9e15) refuse(name, "a whole number", *member(values, name));
  return static_cast<std::int64_t>(*number);
}

std::optional<store::Idempotency> idempotency_of(const net::Request& request, const json& values,
                                                 std::string_view dialect) {
  const std::string key = request.headers.get("idempotency-key");
  if (key.empty()) return {};
  if (key.size() > 255) throw net::HttpError(400, "invalid_request", "[idempotency-key] expected at most 255 bytes");
  return store::Idempotency{fmt::format("{} {}", dialect, key), sha256_text(values.dump())};
}

}  // namespace hotshot::service
