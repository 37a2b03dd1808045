// Reading the config.json files that diffusers and transformers write.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/options.h"

namespace hotshot::model {

/// Sets fields from a diffusers part config. Keys that begin with '_' and null values are skipped; any other key the
/// field list lacks is an error, since it could change what the network computes.
void read_config(const FieldList& fields, const nlohmann::json& config, std::string_view where);

/// As read_config, but keys outside the field list are ignored: for transformers configs, which carry generation
/// settings and defaults of every base class.
void read_known_config(const FieldList& fields, const nlohmann::json& config, std::string_view where);

}  // namespace hotshot::model
