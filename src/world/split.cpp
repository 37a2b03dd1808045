#include "world/split.h"

#include <algorithm>

namespace hotshot::world {
namespace {

// Each row pairs attributes that training shows apart in many other clips.
constexpr Combination kHeldOut[] = {
    // subject + colour
    {.subject = Subject::elephant, .color = Color::green},
    {.subject = Subject::whale, .color = Color::orange, .time = TimeOfDay::sunset},
    {.subject = Subject::plane, .color = Color::purple, .time = TimeOfDay::night},
    // subject + colour + time
    {.subject = Subject::train, .color = Color::green, .time = TimeOfDay::night},
    {.subject = Subject::boat, .color = Color::red, .time = TimeOfDay::sunset},
    {.subject = Subject::dog, .color = Color::white, .time = TimeOfDay::night},
    {.subject = Subject::balloon, .color = Color::yellow, .time = TimeOfDay::night},
    // subject + colour + place
    {.subject = Subject::cat, .color = Color::purple, .place = Place::snow},
    {.subject = Subject::car, .color = Color::yellow, .place = Place::forest},
    {.subject = Subject::bird, .color = Color::pink, .place = Place::city},
    {.subject = Subject::butterfly, .color = Color::blue, .place = Place::desert},
    {.subject = Subject::rocket, .color = Color::orange, .place = Place::space},
    // subject + colour + action or direction
    {.subject = Subject::rabbit, .color = Color::blue, .action = Action::jump},
    {.subject = Subject::dog, .color = Color::green, .action = Action::run},
    {.subject = Subject::ball, .color = Color::purple, .action = Action::bounce},
    {.subject = Subject::star, .color = Color::pink, .action = Action::spin},
    {.subject = Subject::fish, .color = Color::red, .direction = Direction::left},
    {.subject = Subject::bird, .color = Color::yellow, .direction = Direction::right},
    // subject + place + time, weather or camera
    {.subject = Subject::rabbit, .place = Place::desert, .time = TimeOfDay::night},
    {.subject = Subject::cat, .place = Place::city, .weather = Weather::rain},
    {.subject = Subject::train, .weather = Weather::rain, .camera = Camera::zoom_in},
    {.subject = Subject::plane, .place = Place::sea, .camera = Camera::pan_left},
    // subject + number
    {.subject = Subject::butterfly, .color = Color::red, .count = 3},
    {.subject = Subject::car, .color = Color::blue, .count = 2},
    {.subject = Subject::elephant, .place = Place::snow, .count = 2},
};

template <class T>
bool agrees(const std::optional<T>& wanted, T value) {
  return !wanted || *wanted == value;
}

}  // namespace

std::span<const Combination> held_out_combinations() { return kHeldOut; }

bool matches(const Combination& combination, const Scene& scene) {
  // A count means a group of that many equal actors.
  const int count = scene.relation == Relation::none ? static_cast<int>(scene.actors.size()) : 1;
  return agrees(combination.place, scene.place) && agrees(combination.time, scene.time) &&
         agrees(combination.weather, scene.weather) && agrees(combination.camera, scene.camera) &&
         agrees(combination.count, count) && std::ranges::any_of(scene.actors, [&](const Actor& actor) {
           return agrees(combination.subject, actor.subject) && agrees(combination.color, actor.color) &&
                  agrees(combination.action, actor.action) && agrees(combination.direction, actor.direction);
         });
}

bool is_held_out(const Scene& scene) {
  return std::ranges::any_of(kHeldOut, [&](const Combination& row) { return matches(row, scene); });
}

}  // namespace hotshot::world
