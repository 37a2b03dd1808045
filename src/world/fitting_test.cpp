#include "world/fitting.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

template <class Enum>
bool has(const std::vector<Enum>& list, Enum value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Some direction and speed make this a scene of the grammar.
bool can_be(Scene scene) {
  Actor& actor = scene.actors.at(0);
  for (const auto& direction : words<Direction>()) {
    for (const auto& speed : words<Speed>()) {
      actor.direction = direction.value, actor.speed = speed.value;
      if (complaint(scene).empty()) return true;
    }
  }
  return false;
}

TEST(Fitting, SaysExactlyWhatTheGrammarSays) {
  const std::vector<Fitting> all = fittings();
  int scenes = 0, fits = 0;
  for (const auto& subject : words<Subject>()) {
    if (is_guest(subject.value)) continue;
    for (const auto& place : words<Place>()) {
      const auto row = std::find_if(all.begin(), all.end(), [&](const Fitting& fitting) {
        return fitting.subject == subject.value && fitting.place == place.value;
      });
      for (const auto& action : words<Action>())
        for (const auto& time : words<TimeOfDay>())
          for (const auto& weather : words<Weather>())
            for (const auto& color : words<Color>()) {
              const bool said = row != all.end() && has(row->actions, action.value) && has(row->times, time.value) &&
                                has(row->weathers, weather.value) &&
                                has(visible_colors(place.value, time.value), color.value);
              const Scene scene{.actors = {{.subject = subject.value, .color = color.value, .action = action.value}},
                                .place = place.value,
                                .time = time.value,
                                .weather = weather.value};
              ASSERT_EQ(said, can_be(scene)) << subject.name << ' ' << action.name << ' ' << place.name << ' '
                                             << time.name << ' ' << weather.name << ' ' << color.name;
              ++scenes, fits += said;
            }
    }
  }
  for (const Fitting& fitting : all) EXPECT_FALSE(is_guest(fitting.subject));
  EXPECT_EQ(scenes, 16 * 8 * 16 * 3 * 3 * 11);
  EXPECT_GT(fits, 1000);
}

}  // namespace
}  // namespace hotshot::world
