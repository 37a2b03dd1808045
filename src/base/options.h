// One field list per options struct feeds everything that fills one: recipe files (TOML), JSON, command-line flags and
// --help. A struct declares
//     std::vector<Field> fields() { return {{"steps", "sampling steps", &steps, {1, 1000}}, …}; }
// and every reader below walks that list, so a name is said once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hotshot {

/// Inclusive bounds of a numeric field.
struct Range {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
};

/// A named reference to one member of an options struct; valid as long as that struct lives.
/// `optional` members stay empty until given. vector members are lists in JSON and TOML, comma-separated as flags.
struct Field {
  using Value = std::variant<bool*, int*, std::int64_t*, std::uint64_t*, double*, std::string*, std::optional<int>*,
                             std::optional<double>*, std::optional<std::uint64_t>*, std::vector<int>*,
                             std::vector<double>*, std::vector<std::string>*, std::vector<bool>*>;
  std::string name;  // snake_case; the flag is --snake-case
  std::string help;  // one line, lower case, no full stop
  Value value;
  Range range = {};
};

using FieldList = std::vector<Field>;

/// Sets fields from a JSON object. Missing keys keep their defaults; an unknown key, a wrong type or a value out of
/// range is InvalidArgument, "[where] …", naming the field and, for an unknown key, the known ones.
void read_fields(const FieldList& fields, const nlohmann::json& object, std::string_view where);

/// Sets one field from the text of a flag. Throws as read_fields.
void read_field(const Field& field, std::string_view text, std::string_view where);

/// The inverse of read_fields; empty optionals are left out.
nlohmann::json write_fields(const FieldList& fields);

/// Parses a TOML file into JSON (dates are refused). Throws InvalidArgument with line and column.
nlohmann::json read_toml(const std::filesystem::path& path);
/// Parses a JSON file of at most 16 MiB. Throws InvalidArgument with the position.
nlohmann::json read_json(const std::filesystem::path& path);

/// Text from outside as JSON; discarded where it is none, or nested deeper than 100: what walks a value recursively
/// (its printing, its copies) must not run out of stack.
nlohmann::json parse_json(std::string_view text);
/// A value as JSON text for messages, cut after some 200 bytes.
std::string shown(const nlohmann::json& value);

}  // namespace hotshot
