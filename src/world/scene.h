// What a clip of the cartoon world shows: who does what, where, when, in which weather, seen by which camera.
// Names and words of every value: truth.h. Sentences: caption.h. Pixels: render.h.
#pragma once

#include <cstdint>
#include <vector>

namespace hotshot::world {

enum class Subject : std::uint8_t {
  cat,
  dog,
  rabbit,
  elephant,
  bird,
  butterfly,
  fish,
  whale,
  car,
  train,
  boat,
  plane,
  balloon,
  rocket,
  ball,
  star,
  robot  // the guest: see is_guest()
};
enum class Color : std::uint8_t { red, orange, yellow, green, blue, purple, pink, white, black, brown, gray };
enum class Action : std::uint8_t {
  walk,
  run,
  jump,
  sit,
  fly,
  swim,
  drive,
  sail,
  roll,
  bounce,
  spin,
  rise,
  fall,
  float_,
  grow,
  twinkle
};
/// Where the actor moves on the screen; an actor that moves left or right also faces that way.
enum class Direction : std::uint8_t { none, left, right, up, down };
enum class Speed : std::uint8_t { slow, normal, fast };
enum class Size : std::uint8_t { small, normal, big };
enum class Place : std::uint8_t { meadow, forest, desert, sea, city, snow, space, room };
enum class TimeOfDay : std::uint8_t { day, sunset, night };
enum class Weather : std::uint8_t { clear, rain, snow };
enum class Camera : std::uint8_t { still, pan_left, pan_right, zoom_in, zoom_out };
/// Where actor 0 is, seen from actor 1. `none` for one actor and for groups of equal actors.
enum class Relation : std::uint8_t { none, left_of, right_of, above };

struct Actor {
  Subject subject = Subject::cat;
  Color color = Color::red;
  Action action = Action::walk;
  Direction direction = Direction::none;
  Speed speed = Speed::normal;
  Size size = Size::normal;
  bool operator==(const Actor&) const = default;
};

struct Scene {
  std::vector<Actor> actors;  // one; two or three equal ones (a group); or two different ones with a relation
  Relation relation = Relation::none;
  Place place = Place::meadow;
  TimeOfDay time = TimeOfDay::day;
  Weather weather = Weather::clear;
  Camera camera = Camera::still;
  std::uint64_t detail_seed = 0;  // what no caption says: the shape of hills, clouds, exact positions, phases
  bool operator==(const Scene&) const = default;
};

/// The parts of the world. The guest is alone in scenes of its own: `guest` are the places where pictures of it exist,
/// `guest_away` the others it may go to.
enum class Split : std::uint8_t { train, held_out, guest, guest_away };

/// The character that train and held-out scenes never show, in one colour: what a LoRA teaches a model that learned
/// the rest.
constexpr bool is_guest(Subject subject) { return subject == Subject::robot; }

/// The index-th scene of a seed; depends on (seed, index, split) alone. Train scenes never contain a held-out
/// combination (split.h lists them), held-out scenes always do. Always coherent (grammar.h).
Scene sample_scene(std::uint64_t seed, std::uint64_t index, Split split);

/// Whether the scene contains a combination that no training clip shows.
bool is_held_out(const Scene& scene);

}  // namespace hotshot::world
