// Which combinations make sense: fish swim in the sea, rockets fly outdoors and in space, rain stays outside.
#pragma once

#include <string>

#include "world/scene.h"

namespace hotshot::world {

bool lives_in(Subject subject, Place place);
bool can_do(Subject subject, Action action);
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
