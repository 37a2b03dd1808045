#include "model/config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hotshot::model {
namespace {

template <class Keep>
void read_filtered(const FieldList& fields, const nlohmann::json& config, std::string_view where, Keep keep) {
  require(config.is_object(), where, "expected a JSON object but got {}", config.type_name());
  nlohmann::json kept = nlohmann::json::object();
  for (const auto& [key, value] : config.items()) {
    if (!value.is_null() && keep(key)) kept[key] = value;
  }
  read_fields(fields, kept, where);
}

}  // namespace

void read_config(const FieldList& fields, const nlohmann::json& config, std::string_view where) {
  read_filtered(fields, config, where, [](const std::string& key) { return key.empty() || key.front() != '_'; });
}

void read_known_config(const FieldList& fields, const nlohmann::json& config, std::string_view where) {
  read_filtered(fields, config, where, [&](const std::string& key) {
    return std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.name == key; });
  });
}

}  // namespace hotshot::model
