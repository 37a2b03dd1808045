// What a file says of its origin, all marks together: content credentials, IPTC, recipe.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "pipeline/recipe.h"
#include "provenance/verify.h"

namespace hotshot::service {

/// Texts are UTF-8 without control characters, whatever the file holds.
struct Origin {
  provenance::Verdict credentials;
  std::string digital_source;  // IPTC DigitalSourceType; "" where none is said
  std::optional<pipeline::Recipe> recipe;
};

/// Of a clip or picture: MP4, WebM, GIF, WebP, PNG, JPEG. Throws InvalidArgument for another file, a missing one, or
/// one damaged where its marks would be.
Origin origin_of(const std::filesystem::path& file, const provenance::Anchors& anchors);

/// {"state": …, "c2pa": {…} or null, "iptc": {…} or null, "recipe": {…} or null} (docs/service.md).
nlohmann::json origin_json(const Origin& origin);

/// {"engine", "model", "digest", "request"}.
nlohmann::json recipe_json(const pipeline::Recipe& recipe);

/// Text from anyone for a terminal or JSON: control characters become spaces, bytes that are no UTF-8 '?'.
std::string printable(std::string text);

}  // namespace hotshot::service
