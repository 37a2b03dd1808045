#include "world/fitting.h"

#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

template <class Enum, class Holds>
std::vector<Enum> those(Holds holds) {
  std::vector<Enum> found;
  for (const Word<Enum>& row : words<Enum>())
    if (holds(row.value)) found.push_back(row.value);
  return found;
}

template <class Enum, class Holds>
Enum any(Holds holds) {
  return those<Enum>(holds).front();
}

// One actor in a colour that is seen everywhere, moving as its action lets it.
Scene scene_of(Subject subject, Place place, Action action) {
  Actor actor{.subject = subject, .color = Color::red, .action = action};
  actor.direction = any<Direction>([&](Direction d) { return can_go(action, d); });
  actor.speed = any<Speed>([&](Speed s) { return can_have_speed(action, s); });
  return {.actors = {actor}, .place = place, .time = TimeOfDay::night};
}

bool holds_at(Scene scene, TimeOfDay time) {
  scene.time = time;
  return complaint(scene).empty();
}

bool holds_in(Scene scene, Weather weather) {
  scene.weather = weather;
  return complaint(scene).empty();
}

}  // namespace

std::vector<Fitting> fittings() {
  std::vector<Fitting> found;
  for (const Word<Subject>& subject : words<Subject>()) {
    if (is_guest(subject.value)) continue;
    for (const Word<Place>& place : words<Place>()) {
      if (!lives_in(subject.value, place.value)) continue;
      Fitting fitting{subject.value, place.value, {}, {}, {}};
      fitting.actions = those<Action>([&](Action action) { return can_do(subject.value, action, place.value); });
      const Scene scene = scene_of(subject.value, place.value, fitting.actions.front());
      fitting.times = those<TimeOfDay>([&](TimeOfDay time) { return holds_at(scene, time); });
      fitting.weathers = those<Weather>([&](Weather weather) { return holds_in(scene, weather); });
      found.push_back(std::move(fitting));
    }
  }
  return found;
}

std::vector<Color> visible_colors(Place place, TimeOfDay time) {
  return those<Color>([&](Color color) { return is_visible(color, place, time); });
}

}  // namespace hotshot::world
