#include "base/options.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace hotshot {
namespace {

using nlohmann::json;

template <class T>
constexpr const char* type_name() {
  if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_integral_v<T>)
    return "a whole number";
  else if constexpr (std::is_floating_point_v<T>)
    return "a number";
  else
    return "a string";
}

constexpr int kDeepest = 100;
constexpr std::size_t kLongestShown = 200;

// Whether brackets outside of strings nest deeper than kDeepest. Reads text that is no JSON too.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Python writes Infinity, -Infinity and NaN where JSON has no such number: null here.
std::string without_infinities(std::string_view text) {
  constexpr std::array<std::string_view, 3> kWords{"-Infinity", "Infinity", "NaN"};
  std::string plain;
  bool in_string = false;
  while (!text.empty()) {
    const auto* word = std::find_if(kWords.begin(), kWords.end(),
                                    [&](std::string_view known) { return !in_string && text.starts_with(known); });
    if (word != kWords.end()) {
      plain += "null";
      text.remove_prefix(word->size());
      continue;
    }
    if (text[0] == '"') in_string = !in_string;
    const std::size_t taken = in_string && text[0] == '\\' ? std::min<std::size_t>(2, text.size()) : 1;
    plain += text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return plain;
}

template <class T>
bool holds(const json& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value.is_boolean();
  else if constexpr (std::is_same_v<T, std::uint64_t>)
    return value.is_number_unsigned();
  else if constexpr (std::is_same_v<T, int>)
    return value.is_number_integer() &&
           (value.is_number_unsigned() ? value.get<std::uint64_t>() <= std::numeric_limits<int>::max()
                                       : value.get<std::int64_t>() >= std::numeric_limits<int>::min() &&
                                             value.get<std::int64_t>() <= std::numeric_limits<int>::max());
  else if constexpr (std::is_integral_v<T>)
    return value.is_number_integer();
  else if constexpr (std::is_floating_point_v<T>)
    return value.is_number();
  else
    return value.is_string();
}

template <class T>
T read_value(const Field& field, const json& value, std::string_view where) {
  require(holds<T>(value), where, "expected {} for {} but got {}", type_name<T>(), field.name, shown(value));
  const T result = value.get<T>();
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    const double number = static_cast<double>(result);
    require(std::isfinite(number) && number >= field.range.low && number <= field.range.high, where,
            "expected {} between {} and {} but got {}", field.name, field.range.low, field.range.high, result);
  }
  return result;
}

struct Reader {
  const Field& field;
  const json& value;
  std::string_view where;

  template <class T>
  void operator()(T* out) const {
    *out = read_value<T>(field, value, where);
  }
  template <class T>
  void operator()(std::optional<T>* out) const {
    *out = read_value<T>(field, value, where);
  }
  template <class T>
  void operator()(std::vector<T>* out) const {
    require(value.is_array(), where, "expected a list for {} but got {}", field.name, shown(value));
    out->clear();
    for (const json& element : value) out->push_back(read_value<T>(field, element, where));
  }
};

// A flag's text as the JSON value it stands for: strings stay text, everything else is parsed.
template <class T>
json parse_flag(std::string_view text) {
  if constexpr (std::is_same_v<T, std::string>)
    return std::string(text);
  else
    return parse_json(text);
}

struct FlagReader {
  const Field& field;
  std::string_view text;
  std::string_view where;

  template <class T>
  json scalar(std::string_view part) const {
    json value = parse_flag<T>(part);
    require(!value.is_discarded(), where, "expected {} for {} but got '{}'", type_name<T>(), field.name, part);
    return value;
  }
  template <class T>
  json operator()(T*) const {
    return scalar<T>(text);
  }
  template <class T>
  json operator()(std::optional<T>*) const {
    return scalar<T>(text);
  }
  template <class T>
  json operator()(std::vector<T>*) const {
    json list = json::array();
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      list.push_back(scalar<T>(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return list;
  }
};

struct Writer {
  json& object;
  const std::string& name;

  template <class T>
  void operator()(const T* value) const {
    object[name] = *value;
  }
  template <class T>
  void operator()(const std::optional<T>* value) const {
    if (*value) object[name] = **value;
  }
};

json to_json(const toml::node& node, const std::string& where) {
  if (const auto* table = node.as_table()) {
    json object = json::object();
    for (const auto& [key, value] : *table) object[std::string(key.str())] = to_json(value, where);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json list = json::array();
    for (const auto& value : *array) list.push_back(to_json(value, where));
    return list;
  }
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_integer()) {
    return value->get() >= 0 ? json(static_cast<std::uint64_t>(value->get())) : json(value->get());
  }
  throw_invalid(where, "expected strings, numbers, booleans, lists and tables but got a date or time");
}

}  // namespace

void read_fields(const FieldList& fields, const json& object, std::string_view where) {
  require(object.is_object(), where, "expected a table of fields but got {}", shown(object));
  for (const auto& [key, value] : object.items()) {
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == key; });
    if (field == fields.end()) {
      std::vector<std::string> known;
      for (const Field& f : fields) known.push_back(f.name);
      throw_unknown(where, key, known);
    }
    std::visit(Reader{*field, value, where}, field->value);
  }
}

void read_field(const Field& field, std::string_view text, std::string_view where) {
  const json value = std::visit(FlagReader{field, text, where}, field.value);
  std::visit(Reader{field, value, where}, field.value);
}

json write_fields(const FieldList& fields) {
  json object = json::object();
  for (const Field& field : fields) {
    std::visit([&](const auto* value) { Writer{object, field.name}(value); }, field.value);
  }
  return object;
}

json read_toml(const std::filesystem::path& path) {
  const std::string text = read_file(path, 16u << 20);
  try {
    return to_json(toml::parse(text), path.string());
  } catch (const toml::parse_error& error) {
    throw_invalid(path.string(), fmt::format("line {}, column {}: {}", error.source().begin.line,
                                             error.source().begin.column, error.description()));
  }
}

json read_json(const std::filesystem::path& path) {
  const std::string text = read_file(path, 16u << 20);
  require(!too_deep(text), path.string(), "expected JSON nested at most {} deep but got more", kDeepest);
  try {
    return json::parse(without_infinities(text));
  } catch (const json::parse_error& error) {
    throw_invalid(path.string(), error.what());
  }
}

json parse_json(std::string_view text) {
  if (too_deep(text)) return json(json::value_t::discarded);
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kLongestShown) return text;
  std::size_t end = kLongestShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "…";
}

}  // namespace hotshot
