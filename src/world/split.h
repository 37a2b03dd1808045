// The combinations kept out of training, so that composition is measured and not memory.
#pragma once

#include <optional>
#include <span>

#include "world/scene.h"

namespace hotshot::world {

/// Empty fields match anything; an actor's fields must all match the same actor.
struct Combination {
  std::optional<Subject> subject;
  std::optional<Color> color = {};
  std::optional<Action> action = {};
  std::optional<Direction> direction = {};
  std::optional<Place> place = {};
  std::optional<TimeOfDay> time = {};
  std::optional<Weather> weather = {};
  std::optional<Camera> camera = {};
  std::optional<int> count = {};
};

std::span<const Combination> held_out_combinations();
bool matches(const Combination& combination, const Scene& scene);

}  // namespace hotshot::world
