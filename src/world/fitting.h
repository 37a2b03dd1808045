// The grammar as tables: which choices, without the guest, go together in a scene of one actor. For helpers that let people choose.
#pragma once

#include <vector>

#include "world/scene.h"

namespace hotshot::world {

/// A subject in a place it lives in, and what it may do there and when. Actions, times and weathers are independent of
/// each other: any of these goes with any other.
struct Fitting {
  Subject subject;
  Place place;
  std::vector<Action> actions;
  std::vector<TimeOfDay> times;
  std::vector<Weather> weathers;
};
std::vector<Fitting> fittings();

/// The colours that can be seen in a place at a time (is_visible in grammar.h).
std::vector<Color> visible_colors(Place place, TimeOfDay time);

}  // namespace hotshot::world
