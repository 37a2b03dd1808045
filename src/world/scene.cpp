#include "world/scene.h"

#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

// A value of the enum that satisfies `allowed`, uniformly.
template <class Enum, class Predicate>
Enum pick(Random& random, const Predicate& allowed) {
  std::vector<Enum> choices;
  for (const Word<Enum>& row : words<Enum>()) {
    if (allowed(row.value)) choices.push_back(row.value);
  }
  ensure(!choices.empty(), "world.grammar", "expected a possible value but got none");
  return choices[random.below(static_cast<std::uint32_t>(choices.size()))];
}

// `usual` with the given probability when allowed, otherwise any allowed value.
template <class Enum, class Predicate>
Enum pick_mostly(Random& random, Enum usual, float probability, const Predicate& allowed) {
  if (random.chance(probability) && allowed(usual)) return usual;
  return pick<Enum>(random, allowed);
}

Actor sample_actor(Random& random, Subject subject, const Scene& scene) {
  Actor actor;
  actor.subject = subject;
  actor.color = pick<Color>(random, [&](Color color) {
    return can_wear(subject, color) && is_visible(color, scene.place, scene.time);
  });
  actor.action = pick<Action>(random, [&](Action action) { return can_do(subject, action, scene.place); });
  actor.direction = pick<Direction>(random, [&](Direction direction) { return can_go(actor.action, direction); });
  actor.speed =
      pick_mostly(random, Speed::normal, 0.4f, [&](Speed speed) { return can_have_speed(actor.action, speed); });
  actor.size = pick_mostly(random, Size::normal, 0.6f, [](Size) { return true; });
  return actor;
}

// Turns a scene of one actor into a pair: any second subject that shares place and time.
void add_partner(Random& random, Scene& scene) {
  const Subject partner = pick<Subject>(random, [&](Subject subject) {
    return !is_guest(subject) && lives_in(subject, scene.place);
  });
  scene.actors.push_back(sample_actor(random, partner, scene));
  for (Actor& actor : scene.actors) actor.size = Size::normal;
  const bool first_flies = lane_of(scene.actors[0], scene.place) == Lane::air;
  const bool second_flies = lane_of(scene.actors[1], scene.place) == Lane::air;
  if (first_flies != second_flies) {
    scene.relation = Relation::above;
    if (second_flies) std::swap(scene.actors[0], scene.actors[1]);
  } else {
    scene.relation = random.chance(0.5f) ? Relation::left_of : Relation::right_of;
  }
  Actor& second = scene.actors[1];
  if (scene.relation != Relation::above && moves_sideways(scene.actors[0]) && moves_sideways(second)) {
    second.direction = scene.actors[0].direction;
    second.speed = scene.actors[0].speed;
  }
}

bool is_away(Place place) { return place == Place::desert || place == Place::snow || place == Place::space; }

// Whether a scene that keeps the grammar is one of the split.
bool belongs(const Scene& scene, Split split) {
  switch (split) {
    case Split::train:
      return !is_held_out(scene);
    case Split::held_out:
      return is_held_out(scene);
    case Split::guest:
      return !is_away(scene.place) && scene.actors.size() == 1;
    case Split::guest_away:
      return is_away(scene.place) && scene.actors.size() == 1;
  }
  return false;
}

// A scene that may still break the grammar or belong to another split; the caller tries again.
Scene draft(Random& random, bool of_guest) {
  Scene scene;
  const Subject subject = pick<Subject>(random, [&](Subject subject) { return is_guest(subject) == of_guest; });
  scene.place = pick<Place>(random, [&](Place place) { return lives_in(subject, place); });
  scene.time = pick<TimeOfDay>(random, [&](TimeOfDay time) { return can_have_time(scene.place, time); });
  scene.weather = pick_mostly(random, Weather::clear, 0.5f,
                              [&](Weather weather) { return can_have_weather(scene.place, weather); });
  scene.camera = pick_mostly(random, Camera::still, 0.4f, [](Camera) { return true; });
  scene.actors.push_back(sample_actor(random, subject, scene));
  const float kind = random.uniform();
  if (kind < 0.18f) {
    const std::size_t count = 2 + random.below(2);
    scene.actors[0].size = Size::normal;
    scene.actors.resize(count, scene.actors[0]);
  } else if (kind < 0.45f) {
    add_partner(random, scene);
  }
  const std::uint64_t high = random.below(1u << 31);
  const std::uint64_t low = random.below(1u << 20);
  scene.detail_seed = (high << 20) | low;
  return scene;
}

// Spreads consecutive indices over streams (the finaliser of SplitMix64).
std::uint64_t scatter(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

Scene sample_scene(std::uint64_t seed, std::uint64_t index, Split split) {
  constexpr std::string_view kStreams[] = {"world/train", "world/held_out", "world/guest", "world/guest_away"};
  const std::uint64_t stream = stream_id(kStreams[static_cast<std::size_t>(split)]);
  const bool of_guest = split == Split::guest || split == Split::guest_away;
  Random random(seed, stream ^ scatter(index + 0x9e3779b97f4a7c15ull));
  for (int attempt = 0; attempt < 100000; ++attempt) {
    const Scene scene = draft(random, of_guest);
    if (complaint(scene).empty() && belongs(scene, split)) return scene;
  }
  throw_failure("world.scene", "expected a scene within 100000 drafts but got none");
}

}  // namespace hotshot::world
