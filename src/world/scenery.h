// What is around the actors: sky, land, water, furniture, and what falls from the sky.
#pragma once

#include "world/stage.h"

namespace hotshot::world {

/// Everything a place needs to paint itself at one moment.
struct Backdrop {
  const Scene& scene;
  View view;
  CameraState camera;
  float seconds;
  Canvas& canvas;

  /// A brush at a depth, dimmed by the time of day.
  Brush brush(float depth) const;
  /// The part of the world that is visible at a depth.
  Box visible(float depth) const;
  bool is_night() const { return scene.time == TimeOfDay::night; }
  float chance(std::uint32_t part, std::uint32_t key) const { return detail(scene.detail_seed, part, key); }
};

/// The light on actors and on scenery.
Rgb light_on_actors(const Scene& scene);
Rgb light_on_scenery(const Scene& scene);

void draw_sky(const Backdrop& backdrop);
/// Everything behind the actors, the sky included.
void draw_place(const Backdrop& backdrop);
/// Water and tufts in front of the actors.
void draw_foreground(const Backdrop& backdrop);
/// Rain or snow, in front of everything.
void draw_weather(const Backdrop& backdrop);

void draw_meadow(const Backdrop& backdrop);
void draw_forest(const Backdrop& backdrop);
void draw_desert(const Backdrop& backdrop);
void draw_sea(const Backdrop& backdrop);
void draw_city(const Backdrop& backdrop);
void draw_snow(const Backdrop& backdrop);
void draw_space(const Backdrop& backdrop);
void draw_room(const Backdrop& backdrop);

void draw_sea_front(const Backdrop& backdrop);

/// A landscape line: height = base + swing * waves of length ~ `wavelength`, all in world units.
struct Ridge {
  float depth;
  float base;
  float swing;
  float wavelength;
  Rgb top;
  Rgb bottom;
  std::uint32_t part;  // of detail()
  float drift = 0;     // world units per second, for water
  float opacity = 1;
};
float ridge_height(const Backdrop& backdrop, const Ridge& ridge, float x);
/// Fills everything under the line.
void draw_ridge(const Backdrop& backdrop, const Ridge& ridge);

/// Calls draw(x, key) for things scattered over the visible width, about `spacing` apart.
template <class Draw>
void scatter(const Backdrop& backdrop, float depth, float spacing, std::uint32_t part, const Draw& draw) {
  const Box area = backdrop.visible(depth);
  const int first = static_cast<int>(std::floor(area.x0 / spacing)) - 1;
  const int last = static_cast<int>(std::ceil(area.x1 / spacing)) + 1;
  for (int i = first; i <= last; ++i) {
    const auto key = static_cast<std::uint32_t>(i + 100000);
    draw((static_cast<float>(i) + 0.2f + 0.6f * backdrop.chance(part, key)) * spacing, key);
  }
}

void draw_round_tree(const Brush& brush, Point foot, float height, Rgb leaves);
void draw_pine(const Brush& brush, Point foot, float height, Rgb needles, bool snowy);

}  // namespace hotshot::world
