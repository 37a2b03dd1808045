#include "data/world_attributes.h"

#include <utility>

#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::data {
namespace {

using world::Actor;
using world::Relation;
using world::Scene;

template <class Enum>
std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& row : world::words<Enum>()) result.emplace_back(row.name);
  return result;
}

// The guest is never the second of two.
std::vector<std::string> names_without_guest() {
  std::vector<std::string> result;
  for (const auto& row : world::words<world::Subject>()) {
    if (!world::is_guest(row.value)) result.emplace_back(row.name);
  }
  return result;
}

// Actor 0 to the right of actor 1 is the same picture as actor 1 to the left of actor 0.
const Actor& first(const Scene& scene) {
  return scene.relation == Relation::right_of ? scene.actors[1] : scene.actors[0];
}

const Actor* second(const Scene& scene) {
  if (scene.relation == Relation::none) return nullptr;
  return scene.relation == Relation::right_of ? &scene.actors[0] : &scene.actors[1];
}

template <auto Member>
int of_first(const Scene& scene) {
  return static_cast<int>(first(scene).*Member);
}

template <auto Member>
int of_second(const Scene& scene) {
  const Actor* actor = second(scene);
  return actor ? static_cast<int>(actor->*Member) : -1;
}

template <auto Member>
int of_scene(const Scene& scene) {
  return static_cast<int>(scene.*Member);
}

int speed(const Scene& scene) {
  const Actor& actor = first(scene);
  int possible = 0;
  for (const auto& row : world::words<world::Speed>()) possible += world::can_have_speed(actor.action, row.value);
  return possible > 1 ? static_cast<int>(actor.speed) : -1;
}

int count(const Scene& scene) { return static_cast<int>(scene.actors.size()) - 1; }

int relation(const Scene& scene) {
  if (scene.relation == Relation::none) return 0;
  return scene.relation == Relation::above ? 2 : 1;
}

}  // namespace

std::span<const WorldAttribute> world_attributes() {
  static const std::vector<WorldAttribute> rows{
      {"subject", names<world::Subject>(), of_first<&Actor::subject>},
      {"color", names<world::Color>(), of_first<&Actor::color>},
      {"action", names<world::Action>(), of_first<&Actor::action>, true},
      {"direction", names<world::Direction>(), of_first<&Actor::direction>, true},
      {"speed", names<world::Speed>(), speed, true},
      {"place", names<world::Place>(), of_scene<&Scene::place>},
      {"time", names<world::TimeOfDay>(), of_scene<&Scene::time>},
      {"weather", names<world::Weather>(), of_scene<&Scene::weather>},
      {"camera", names<world::Camera>(), of_scene<&Scene::camera>, true},
      {"count", {"one", "two", "three"}, count},
      {"relation", {"none", "beside", "above"}, relation},
      {"second_subject", names_without_guest(), of_second<&Actor::subject>},
      {"second_color", names<world::Color>(), of_second<&Actor::color>},
  };
  return rows;
}

std::vector<int> world_answers(const Scene& scene, int frames) {
  std::vector<int> answers;
  for (const WorldAttribute& attribute : world_attributes()) {
    answers.push_back(frames == 1 && attribute.needs_motion ? -1 : attribute.answer(scene));
  }
  return answers;
}

}  // namespace hotshot::data
