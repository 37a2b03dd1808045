// The words of every enum value, and a scene as structured truth (JSON) and back.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "world/scene.h"

namespace hotshot::world {

/// One row per enum value, in enum order. `name` is the identifier of truth files and flags.
template <class Enum>
struct Word {
  Enum value;
  std::string_view name;
  std::string_view english;
  std::string_view chinese;
};

/// The table of an enum: Subject, Color, Action, Direction, Speed, Size, Place, TimeOfDay, Weather, Camera, Relation, Split.
template <class Enum>
std::span<const Word<Enum>> words();

template <class Enum>
const Word<Enum>& word(Enum value) {
  return words<Enum>()[static_cast<std::size_t>(value)];
}

/// The value called `name`, or nothing.
template <class Enum>
std::optional<Enum> parse(std::string_view name) {
  for (const Word<Enum>& row : words<Enum>()) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

/// The value called `name`. Throws InvalidArgument, "[where] …", which lists the known ones.
template <class Enum>
Enum named(std::string_view name, std::string_view where) {
  if (const auto value = parse<Enum>(name)) return *value;
  std::vector<std::string> known;
  for (const Word<Enum>& row : words<Enum>()) known.emplace_back(row.name);
  throw_unknown(where, name, known);
}

/// {"actors":[{"subject":"cat","color":"red","action":"walk","direction":"left","speed":"normal","size":"normal"}],
///  "count":1,"relation":"none","place":"meadow","time":"day","weather":"clear","camera":"still","detail_seed":…,
///  "held_out":false}
nlohmann::json truth(const Scene& scene);

/// The inverse of truth(); missing keys keep their defaults. Throws InvalidArgument for unknown names and for scenes
/// the grammar does not allow (grammar.h).
Scene scene_from_truth(const nlohmann::json& object);

}  // namespace hotshot::world
