#include "world/grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "world/truth.h"

namespace hotshot::world {
namespace {

template <class Enum>
constexpr unsigned mask(std::initializer_list<Enum> values) {
  unsigned bits = 0;
  for (Enum value : values) bits |= 1u << static_cast<unsigned>(value);
  return bits;
}

template <class Enum>
constexpr bool has(unsigned bits, Enum value) {
  return (bits >> static_cast<unsigned>(value)) & 1u;
}

using enum Action;
constexpr unsigned kLand = mask({Place::meadow, Place::forest, Place::desert, Place::city, Place::snow});
constexpr unsigned kSky = kLand | mask({Place::sea});
constexpr unsigned kRoom = mask({Place::room});
constexpr unsigned kSpace = mask({Place::space});
constexpr unsigned kSea = mask({Place::sea});

struct SubjectRule {
  Subject subject;
  unsigned places;
  unsigned actions;
  unsigned space_actions = 0;
  unsigned colors = ~0u;
};

constexpr SubjectRule kSubjectRules[] = {
    {Subject::cat, kLand | kRoom | kSpace, mask({walk, run, jump, sit}), mask({float_})},
    {Subject::dog, kLand | kRoom | kSpace, mask({walk, run, jump, sit}), mask({float_})},
    {Subject::rabbit, kLand | kRoom | kSpace, mask({run, jump, sit}), mask({float_})},
    {Subject::elephant, kLand, mask({walk, run, sit})},
    {Subject::bird, kSky, mask({fly, walk})},
    {Subject::butterfly, (kLand & ~mask({Place::snow})) | kRoom, mask({fly})},
    {Subject::fish, kSea, mask({swim})},
    {Subject::whale, kSea, mask({swim})},
    {Subject::car, kLand | kRoom, mask({drive})},
    {Subject::train, kLand | kRoom, mask({drive})},
    {Subject::boat, kSea, mask({sail})},
    {Subject::plane, kSky, mask({fly})},
    {Subject::balloon, kSky | kRoom, mask({rise, fall, float_, grow})},
    {Subject::rocket, (kSky & ~mask({Place::forest})) | kSpace, mask({fly, rise}), mask({fly, rise})},
    {Subject::ball, kLand | kRoom, mask({roll, bounce, spin, grow})},
    {Subject::star, kSky | kSpace, mask({twinkle, spin, fall, grow}), mask({twinkle, spin, fall, grow})},
    {Subject::robot, kLand | kRoom | kSpace, mask({walk, jump}), mask({float_}), mask({Color::gray})},
};

constexpr unsigned kSideways = mask({Direction::left, Direction::right});
constexpr unsigned kInPlace = mask({Direction::none});
constexpr unsigned kNormal = mask({Speed::normal});
constexpr unsigned kAnySpeed = mask({Speed::slow, Speed::normal, Speed::fast});

struct ActionRule {
  Action action;
  unsigned directions;
  unsigned speeds;
};

constexpr ActionRule kActionRules[] = {
    {walk, kSideways, mask({Speed::slow, Speed::normal})},
    {run, kSideways, mask({Speed::normal, Speed::fast})},
    {jump, kSideways | kInPlace, kNormal},
    {sit, kInPlace, kNormal},
    {fly, kSideways, kAnySpeed},
    {swim, kSideways, kAnySpeed},
    {drive, kSideways, kAnySpeed},
    {sail, kSideways, kAnySpeed},
    {roll, kSideways, kAnySpeed},
    {bounce, kSideways | kInPlace, kNormal},
    {spin, kInPlace, kAnySpeed},
    {rise, mask({Direction::up}), kAnySpeed},
    {fall, mask({Direction::down}), kAnySpeed},
    {float_, kSideways | kInPlace, kNormal},
    {grow, kInPlace, kNormal},
    {twinkle, kInPlace, kNormal},
};

const SubjectRule& rule(Subject subject) { return kSubjectRules[static_cast<std::size_t>(subject)]; }
const ActionRule& rule(Action action) { return kActionRules[static_cast<std::size_t>(action)]; }

std::string actor_complaint(const Actor& actor, const Scene& scene) {
  const auto subject = word(actor.subject).name;
  const auto action = word(actor.action).name;
  if (!lives_in(actor.subject, scene.place)) return fmt::format("a {} is in {}", subject, word(scene.place).name);
  if (!can_do(actor.subject, actor.action, scene.place)) {
    return fmt::format("a {} does {} in {}", subject, action, word(scene.place).name);
  }
  if (!can_go(actor.action, actor.direction)) {
    return fmt::format("{} has direction {}", action, word(actor.direction).name);
  }
  if (!can_have_speed(actor.action, actor.speed)) return fmt::format("{} is {}", action, word(actor.speed).name);
  if (!can_wear(actor.subject, actor.color)) return fmt::format("a {} is {}", subject, word(actor.color).name);
  if (!is_visible(actor.color, scene.place, scene.time)) {
    return fmt::format("a {} {} vanishes in its background", word(actor.color).name, subject);
  }
  if (actor.subject == Subject::star && scene.place != Place::space && scene.time == TimeOfDay::day) {
    return "a star is out by day";
  }
  return "";
}

bool goes_vertically(const Actor& actor) {
  return actor.direction == Direction::up || actor.direction == Direction::down;
}

std::size_t most_in_group(Subject subject) {
  if (subject == Subject::train) return 1;
  return subject == Subject::whale || subject == Subject::elephant || subject == Subject::plane ? 2 : 3;
}

std::string relation_complaint(const Scene& scene) {
  const Actor& first = scene.actors[0];
  if (scene.relation == Relation::none) {
    for (const Actor& actor : scene.actors) {
      if (actor != first) return "different actors stand in no relation";
    }
    if (scene.actors.size() > 1 && first.size != Size::normal) return "actors in a group are small or big";
    if (scene.actors.size() > most_in_group(first.subject)) return "a group is too wide for the picture";
    return "";
  }
  if (scene.actors.size() != 2) return "a relation has not exactly two actors";
  const Actor& second = scene.actors[1];
  if (first.subject == second.subject && first.color == second.color) return "a relation joins two equal actors";
  if (first.size != Size::normal || second.size != Size::normal) return "actors in a relation are small or big";
  if (scene.relation == Relation::above) {
    const bool higher = lane_of(first, scene.place) == Lane::air && lane_of(second, scene.place) != Lane::air;
    if (!higher || goes_vertically(first) || goes_vertically(second)) return "the first actor cannot stay above";
    if (second.action == bounce || second.action == jump) return "the second actor jumps up to the first";
    return "";
  }
  if (moves_sideways(first) != moves_sideways(second)) return "one actor leaves the other";
  if (moves_sideways(first) && (first.direction != second.direction || first.speed != second.speed)) {
    return "one actor overtakes the other";
  }
  return "";
}

}  // namespace

Lane lane_of(const Actor& actor, Place place) {
  switch (actor.subject) {
    case Subject::fish:
      return Lane::underwater;
    case Subject::whale:
    case Subject::boat:
      return Lane::surface;
    case Subject::bird:
      return actor.action == walk ? Lane::ground : Lane::air;
    case Subject::butterfly:
    case Subject::plane:
    case Subject::balloon:
    case Subject::rocket:
    case Subject::star:
      return Lane::air;
    default:
      return place == Place::space ? Lane::air : Lane::ground;
  }
}

bool is_underwater(const Scene& scene) {
  return std::ranges::any_of(scene.actors, [](const Actor& actor) { return actor.subject == Subject::fish; });
}

bool moves_sideways(const Actor& actor) {
  return actor.direction == Direction::left || actor.direction == Direction::right;
}

bool lives_in(Subject subject, Place place) { return has(rule(subject).places, place); }

bool can_do(Subject subject, Action action, Place place) {
  if (!lives_in(subject, place)) return false;
  if (subject == Subject::bird && action == walk && place == Place::sea) return false;
  return has(place == Place::space ? rule(subject).space_actions : rule(subject).actions, action);
}

bool can_wear(Subject subject, Color color) { return has(rule(subject).colors, color); }

bool can_go(Action action, Direction direction) { return has(rule(action).directions, direction); }

bool can_have_speed(Action action, Speed speed) { return has(rule(action).speeds, speed); }

bool can_have_weather(Place place, Weather weather) {
  if (weather == Weather::clear) return true;
  if (place == Place::room || place == Place::space || place == Place::desert) return false;
  return weather == Weather::snow || place != Place::snow;
}

bool can_have_time(Place place, TimeOfDay time) { return place != Place::space || time == TimeOfDay::night; }

bool is_visible(Color color, Place place, TimeOfDay time) {
  if (color == Color::black) return place != Place::space && time != TimeOfDay::night;
  if (color == Color::white) return place != Place::snow || time != TimeOfDay::day;
  return true;
}

std::string complaint(const Scene& scene) {
  if (scene.actors.empty() || scene.actors.size() > 3) return "the number of actors is not 1, 2 or 3";
  if (!can_have_weather(scene.place, scene.weather)) {
    return fmt::format("the weather in {} is {}", word(scene.place).name, word(scene.weather).name);
  }
  if (!can_have_time(scene.place, scene.time)) return "space has a time of day other than night";
  if (scene.weather != Weather::clear && is_underwater(scene)) return "fish under water meet rain or snow";
  for (const Actor& actor : scene.actors) {
    if (std::string problem = actor_complaint(actor, scene); !problem.empty()) return problem;
  }
  return relation_complaint(scene);
}

}  // namespace hotshot::world
