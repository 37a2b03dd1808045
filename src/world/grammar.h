// Which combinations make sense: fish swim in the sea, rockets fly outdoors and in space, rain stays outside.
#pragma once

#include <string>

#include "world/scene.h"

namespace hotshot::world {

/// Where in the picture an actor belongs: feet on the ground, in the sky, floating on the water, or under it.
enum class Lane : std::uint8_t { ground, air, surface, underwater };
Lane lane_of(const Actor& actor, Place place);
/// Whether the sea is shown cut open, with fish in it.
bool is_underwater(const Scene& scene);
/// Whether the actor crosses the frame sideways.
bool moves_sideways(const Actor& actor);

bool lives_in(Subject subject, Place place);
bool can_do(Subject subject, Action action, Place place);
/// False for a guest in any other colour than its own.
bool can_wear(Subject subject, Color color);
/// Directions an action may have: left/right for driving, up for rising, none for sitting …
bool can_go(Action action, Direction direction);
bool can_have_speed(Action action, Speed speed);
bool can_have_weather(Place place, Weather weather);
bool can_have_time(Place place, TimeOfDay time);
/// False where the colour would vanish in the background (black in space, white in snow).
bool is_visible(Color color, Place place, TimeOfDay time);
/// Empty for a scene the grammar produces, otherwise what is wrong with it, in words for a user.
std::string complaint(const Scene& scene);

}  // namespace hotshot::world
