// Sea, city, space and room.
#include "world/grammar.h"
#include "world/scenery.h"

namespace hotshot::world {
namespace {

Fill pane(const Backdrop& backdrop, bool lit) {
  if (backdrop.is_night() && lit) return {{1, 0.92f, 0.6f}, {1, 0.80f, 0.42f}, 1, 0, true};
  return backdrop.is_night() ? flat({0.34f, 0.40f, 0.56f}) : flat({0.80f, 0.92f, 0.98f});
}

void draw_building(const Backdrop& backdrop, const Brush& brush, float x, float width, float height,
                   std::uint32_t key) {
  constexpr Rgb kWalls[] = {{0.93f, 0.72f, 0.62f},
                            {0.70f, 0.80f, 0.90f},
                            {0.95f, 0.86f, 0.66f},
                            {0.78f, 0.72f, 0.88f},
                            {0.72f, 0.86f, 0.78f}};
  const float foot = -0.45f * backdrop.view.half_height - 0.1f;
  const Rgb wall = kWalls[key % 5];
  const float middle = 0.5f * (height + foot);
  brush.box({x, middle}, width, 0.5f * (height - foot), 0.012f, {lighter(wall, 0.1f), darker(wall, 0.08f)});
  if (key % 3 == 0) {
    brush.polygon({{x - width, height}, {x + width, height}, {x, height + width * 0.8f}}, 0.01f,
                  shaded(darker(wall, 0.25f)));
  } else {
    brush.box({x, height}, width * 1.08f, 0.012f, 0.008f, flat(darker(wall, 0.22f)));
  }
  const int columns = width > 0.085f ? 3 : 2;
  for (int row = 0; row < 6; ++row) {
    const float y = height - 0.055f - 0.075f * static_cast<float>(row);
    if (y < -0.20f * backdrop.view.half_height) break;
    for (int column = 0; column < columns; ++column) {
      const float step = 2 * width / static_cast<float>(columns);
      const float at = x - width + (static_cast<float>(column) + 0.5f) * step;
      const auto window = static_cast<std::uint32_t>(row * 8 + column) + key * 64;
      brush.box({at, y}, 0.018f, 0.022f, 0.005f, pane(backdrop, backdrop.chance(79, window) < 0.65f));
    }
  }
}

void draw_planet(const Brush& brush, Point at, float radius, Rgb color, bool ringed) {
  brush.circle(at, radius * 1.35f, glow(color, 0.25f, radius * 0.6f));
  brush.circle(at, radius, {lighter(color, 0.2f), darker(color, 0.35f)});
  brush.ellipse(at + Point{-radius * 0.3f, radius * 0.25f}, radius * 0.28f, radius * 0.2f,
                flat(darker(color, 0.2f), 0.5f));
  brush.ellipse(at + Point{radius * 0.35f, -radius * 0.3f}, radius * 0.18f, radius * 0.14f,
                flat(darker(color, 0.2f), 0.5f));
  if (!ringed) return;
  const Brush ring = brush.at(moved(at) * turned(0.35f));
  ring.fill(box_around({}, radius * 1.8f, radius * 0.6f), flat({0.95f, 0.86f, 0.70f}, 0.9f), [&](Point p) {
    const float band = std::abs(ellipse_distance(p, {}, radius * 1.65f, radius * 0.42f)) - radius * 0.07f;
    return p.y > 0 ? std::max(band, radius * 1.02f - length(p)) : band;
  });
}

// Water reflects the sky: a sunset needs its own paint, light alone makes blue muddy.
struct Water {
  Rgb crest, shallow, deep;
};

Water water_of(const Backdrop& backdrop) {
  if (backdrop.scene.time == TimeOfDay::sunset) {
    return {{1.0f, 0.92f, 0.88f}, {0.96f, 0.76f, 0.84f}, {0.40f, 0.44f, 0.78f}};
  }
  return {{0.62f, 0.88f, 0.95f}, {0.42f, 0.78f, 0.90f}, {0.14f, 0.48f, 0.76f}};
}

void draw_under_water(const Backdrop& backdrop) {
  const Water water = water_of(backdrop);
  draw_ridge(backdrop, {0.6f, kDivingLine, 0.010f, 0.35f, lighter(water.shallow, 0.1f), water.deep, 80, 0.05f});
  const Brush brush = backdrop.brush(0.6f);
  for (std::uint32_t i = 0; i < 3; ++i) {
    const float x = (backdrop.chance(81, i) * 2 - 1) * backdrop.view.half_width;
    const float sway = 0.04f * std::sin(backdrop.seconds * 0.8f + static_cast<float>(i));
    brush.polygon({{x, 0.15f}, {x + 0.08f, 0.15f}, {x - 0.10f + sway, -0.5f}, {x - 0.26f + sway, -0.5f}}, 0.01f,
                  Fill{{1, 1, 1}, {0.8f, 1, 1}, 0.12f, 0.03f});
  }
  draw_ridge(backdrop, {0.7f, -0.74f, 0.05f, 0.9f, {0.72f, 0.72f, 0.58f}, {0.60f, 0.58f, 0.48f}, 82});
  scatter(backdrop, 0.85f, 0.20f, 83, [&](float x, std::uint32_t key) {
    const Brush plant = backdrop.brush(0.85f);
    const float height = 0.08f + 0.12f * backdrop.chance(84, key);
    if (backdrop.chance(85, key) < 0.35f) {
      for (float lean : {-0.6f, 0.0f, 0.6f}) {
        const Point foot{x, -0.5f};
        plant.capsule(foot, foot + rotated({0, height}, lean), 0.026f, 0.018f, shaded({0.96f, 0.55f, 0.52f}));
      }
      return;
    }
    Point weed[5];
    for (int i = 0; i < 5; ++i) {
      const float t = static_cast<float>(i) / 4;
      weed[i] = {x + 0.03f * t * std::sin(backdrop.seconds * 1.8f + 4 * t + x * 9), -0.52f + (height + 0.06f) * t};
    }
    plant.tube(weed, 0.022f, 0.008f, shaded({0.24f, 0.62f, 0.42f}));
  });
  for (std::uint32_t i = 0; i < 7; ++i) {
    const float rise = backdrop.chance(86, i) + 0.16f * backdrop.seconds;
    const float up = rise - std::floor(rise);
    const Point at{(backdrop.chance(87, i) * 2 - 1) * backdrop.view.half_width + 0.012f * std::sin(9 * up),
                   backdrop.view.half_height * (-1.0f + (1.0f + kDivingLine) * 0.96f * up)};
    brush.circle(at, 0.010f + 0.008f * backdrop.chance(88, i), flat({0.90f, 0.98f, 1.0f}, 0.6f));
  }
}

void draw_island(const Backdrop& backdrop) {
  const Brush brush = backdrop.brush(0.2f);
  const float y = kHorizon * backdrop.view.half_height;
  const float x = (backdrop.chance(72, 0) * 1.6f - 0.8f) * backdrop.view.half_width;
  brush.ellipse({x, y - 0.01f}, 0.17f, 0.055f, shaded({0.96f, 0.86f, 0.60f}));
  const Point top{x + 0.035f, y + 0.17f};
  brush.capsule({x, y + 0.03f}, top, 0.014f, 0.010f, shaded({0.58f, 0.42f, 0.28f}));
  for (float angle : {-1.9f, -1.1f, -0.2f, 0.7f, 1.6f}) {
    const Point tip = top + rotated({0, 0.09f}, angle) - Point{0, 0.02f};
    brush.capsule(top, tip, 0.018f, 0.008f, shaded({0.34f, 0.64f, 0.34f}));
  }
}

// The sky of the hour behind a cross of wood, with curtains.
void draw_window(const Backdrop& backdrop, const Brush& brush, Point window, Rgb curtain) {
  constexpr Rgb kTop[] = {{0.45f, 0.76f, 0.97f}, {0.62f, 0.42f, 0.66f}, {0.06f, 0.08f, 0.24f}};
  constexpr Rgb kBottom[] = {{0.88f, 0.96f, 1.0f}, {1.0f, 0.72f, 0.46f}, {0.20f, 0.23f, 0.46f}};
  const auto time = static_cast<std::size_t>(backdrop.scene.time);
  brush.box(window, 0.165f, 0.165f, 0.02f, shaded({0.99f, 0.97f, 0.93f}));
  brush.box(window, 0.14f, 0.14f, 0.01f, {kTop[time], kBottom[time], 1, 0, true});
  if (time == 0) brush.circle(window + Point{0.06f, 0.06f}, 0.04f, glow({1, 0.92f, 0.5f}, 1, 0.01f));
  if (time == 1) brush.circle(window + Point{0.05f, -0.05f}, 0.05f, glow({1, 0.55f, 0.32f}, 1, 0.01f));
  if (time == 2) {
    brush.fill(box_around(window, 0.12f, 0.12f), glow({1, 0.97f, 0.8f}, 1, 0.006f), [&](Point p) {
      const Point q = p - window - Point{0.05f, 0.05f};
      return std::max(length(q) - 0.042f, 0.038f - length(q - Point{-0.02f, 0.015f}));
    });
    for (std::uint32_t i = 0; i < 5; ++i) {
      brush.circle(window + Point{0.24f * backdrop.chance(123, i) - 0.12f, 0.24f * backdrop.chance(124, i) - 0.12f},
                   0.005f, glow({1, 1, 0.9f}, 1, 0.003f));
    }
  }
  brush.box(window, 0.008f, 0.15f, 0.004f, flat({0.99f, 0.97f, 0.93f}));
  brush.box(window, 0.15f, 0.008f, 0.004f, flat({0.99f, 0.97f, 0.93f}));
  for (float edge : {-1.0f, 1.0f}) {
    brush.polygon({window + Point{edge * 0.20f, 0.20f}, window + Point{edge * 0.11f, 0.20f},
                   window + Point{edge * 0.16f, -0.19f}, window + Point{edge * 0.22f, -0.19f}},
                  0.015f, shaded(curtain));
  }
}

}  // namespace

void draw_sea(const Backdrop& backdrop) {
  draw_sky(backdrop);
  if (is_underwater(backdrop.scene)) {
    draw_under_water(backdrop);
    return;
  }
  if (backdrop.chance(73, 0) < 0.6f) draw_island(backdrop);
  const Water water = water_of(backdrop);
  draw_ridge(backdrop, {0.2f, kHorizon, 0.0f, 1, lighter(water.shallow, 0.12f), water.deep, 74});
  draw_ridge(backdrop, {0.5f, -0.04f, 0.012f, 0.30f, water.shallow, water.deep, 75, 0.03f});
  draw_ridge(backdrop, {0.8f, -0.22f, 0.015f, 0.38f, mix(water.shallow, water.deep, 0.25f), water.deep, 76, -0.04f});
}

void draw_sea_front(const Backdrop& backdrop) {
  if (is_underwater(backdrop.scene)) return;
  const bool stacked = backdrop.scene.relation == Relation::above;
  const float line = kWaterline - (stacked ? 0.16f : 0.0f);
  const Water water = water_of(backdrop);
  const Rgb front = mix(water.shallow, water.deep, 0.35f), deep = darker(water.deep, 0.12f);
  draw_ridge(backdrop, {1.0f, line, 0.018f, 0.42f, water.crest, water.crest, 77, 0.06f});
  draw_ridge(backdrop, {1.0f, line - 0.035f, 0.018f, 0.42f, front, deep, 77, 0.06f});
  draw_ridge(backdrop, {1.2f, -0.76f, 0.020f, 0.50f, mix(front, deep, 0.5f), darker(deep, 0.12f), 78, -0.08f});
}

void draw_city(const Backdrop& backdrop) {
  draw_sky(backdrop);
  const Brush far = backdrop.brush(0.25f);
  scatter(backdrop, 0.25f, 0.15f, 100, [&](float x, std::uint32_t key) {
    const float height = backdrop.view.half_height * (0.10f + 0.45f * backdrop.chance(101, key));
    far.box({x, 0.5f * (height - 0.4f)}, 0.05f + 0.03f * backdrop.chance(102, key), 0.5f * (height + 0.4f), 0.01f,
            {{0.70f, 0.78f, 0.90f}, {0.80f, 0.86f, 0.94f}});
  });
  const Brush middle = backdrop.brush(0.5f);
  scatter(backdrop, 0.5f, 0.235f, 103, [&](float x, std::uint32_t key) {
    const float height = backdrop.view.half_height * (0.02f + 0.50f * backdrop.chance(104, key));
    draw_building(backdrop, middle, x, 0.085f + 0.03f * backdrop.chance(105, key), height, key);
  });
  draw_ridge(backdrop, {0.8f, -0.34f, 0.0f, 1, {0.86f, 0.84f, 0.84f}, {0.80f, 0.78f, 0.80f}, 106});
  const Brush street = backdrop.brush(0.8f);
  scatter(backdrop, 0.8f, 0.5f, 107, [&](float x, std::uint32_t) {
    draw_round_tree(street, {x, -0.37f * backdrop.view.half_height}, 0.17f, {0.48f, 0.72f, 0.42f});
  });
  draw_ridge(backdrop, {1.0f, -0.46f, 0.0f, 1, {0.62f, 0.62f, 0.68f}, {0.50f, 0.50f, 0.58f}, 108});
  const Box area = backdrop.visible(1);
  const Brush road = backdrop.brush(1);
  const int first = static_cast<int>(std::floor(area.x0 / 0.25f));
  for (int i = first; static_cast<float>(i) * 0.25f < area.x1; ++i) {
    road.box({static_cast<float>(i) * 0.25f + 0.1f, -0.82f * backdrop.view.half_height}, 0.065f, 0.010f, 0.006f,
             flat({0.97f, 0.95f, 0.86f}));
  }
}

void draw_space(const Backdrop& backdrop) {
  Canvas& canvas = backdrop.canvas;
  const float hue = backdrop.chance(110, 0);
  const Rgb top = mix({0.07f, 0.05f, 0.20f}, {0.03f, 0.08f, 0.20f}, hue);
  const Rgb bottom = mix({0.26f, 0.14f, 0.40f}, {0.10f, 0.22f, 0.40f}, hue);
  for (int y = 0; y < canvas.height(); ++y) {
    const float t = static_cast<float>(y) / static_cast<float>(canvas.height());
    std::fill_n(canvas.row(y), canvas.width(), mix(top, bottom, t));
  }
  const Brush far = backdrop.brush(0.15f);
  const Box area = backdrop.visible(0.15f);
  const Point cloud{(backdrop.chance(111, 0) - 0.5f) * 0.8f, (backdrop.chance(111, 1) - 0.5f) * 0.6f};
  far.ellipse(cloud, 0.55f, 0.24f, glow(mix({0.75f, 0.35f, 0.70f}, {0.30f, 0.60f, 0.80f}, hue), 0.28f, 0.45f), 0.5f);
  for (std::uint32_t i = 0; i < 34; ++i) {
    const Point at{area.x0 + (area.x1 - area.x0) * backdrop.chance(112, i),
                   area.y0 + (area.y1 - area.y0) * backdrop.chance(113, i)};
    const float beat = 0.65f + 0.35f * std::sin(backdrop.seconds * 2.5f + 40 * backdrop.chance(114, i));
    far.circle(at, 0.004f + 0.005f * backdrop.chance(115, i), glow({1, 0.98f, 0.9f}, beat, 0.004f));
  }
  constexpr Rgb kPlanets[] = {
      {0.92f, 0.62f, 0.42f}, {0.50f, 0.70f, 0.88f}, {0.72f, 0.60f, 0.86f}, {0.56f, 0.80f, 0.66f}};
  const float side = backdrop.chance(116, 0) < 0.5f ? -1.0f : 1.0f;
  const auto kind = static_cast<std::size_t>(backdrop.chance(116, 1) * 4);
  draw_planet(backdrop.brush(0.4f), {side * backdrop.view.half_width * 0.62f, backdrop.view.half_height * 0.60f}, 0.11f,
              kPlanets[kind], true);
  draw_planet(backdrop.brush(0.6f), {-side * backdrop.view.half_width * 0.72f, -backdrop.view.half_height * 0.72f},
              0.16f, kPlanets[(kind + 1) % 4], false);
}

void draw_room(const Backdrop& backdrop) {
  constexpr Rgb kWalls[] = {{0.98f, 0.88f, 0.74f}, {0.80f, 0.90f, 0.88f}, {0.94f, 0.84f, 0.88f}, {0.86f, 0.86f, 0.96f}};
  const auto kind = static_cast<std::size_t>(backdrop.chance(120, 0) * 4);
  const Rgb wall = kWalls[kind];
  const float half = backdrop.view.half_height;
  const float depth = 0.7f;
  draw_ridge(backdrop, {depth, 3.0f, 0.0f, 1, lighter(wall, 0.2f), darker(wall, 0.05f), 121});
  const Brush brush = backdrop.brush(depth);
  const Box area = backdrop.visible(depth);
  for (int i = static_cast<int>(std::floor(area.x0 / 0.16f)); static_cast<float>(i) * 0.16f < area.x1; ++i) {
    brush.box({static_cast<float>(i) * 0.16f, 0.4f * half}, 0.028f, 2 * half, 0.005f, flat(lighter(wall, 0.35f), 0.6f));
  }
  const float side = backdrop.chance(122, 0) < 0.5f ? -1.0f : 1.0f;
  const Point window{side * 0.24f, 0.48f * half};
  draw_window(backdrop, brush, window, mix(kWalls[(kind + 2) % 4], {0.9f, 0.5f, 0.5f}, 0.35f));
  const Point picture{-side * 0.22f, 0.52f * half};
  brush.box(picture, 0.095f, 0.075f, 0.012f, shaded({0.72f, 0.54f, 0.38f}));
  brush.box(picture, 0.078f, 0.058f, 0.006f, {{0.78f, 0.90f, 0.96f}, {0.66f, 0.82f, 0.56f}});
  const Point lamp{-side * 0.42f, -0.2f * half};
  brush.capsule(lamp + Point{0, -0.12f}, lamp + Point{0, 0.18f}, 0.010f, 0.010f, flat({0.55f, 0.42f, 0.36f}));
  if (backdrop.is_night()) brush.circle(lamp + Point{0, 0.20f}, 0.26f, glow({1, 0.86f, 0.5f}, 0.5f, 0.3f));
  brush.polygon({lamp + Point{-0.08f, 0.16f}, lamp + Point{0.08f, 0.16f}, lamp + Point{0.05f, 0.27f},
                 lamp + Point{-0.05f, 0.27f}},
                0.012f, {{1, 0.93f, 0.72f}, {1, 0.84f, 0.55f}, 1, 0, backdrop.is_night()});
  draw_ridge(backdrop, {depth, -0.34f, 0.0f, 1, {0.97f, 0.95f, 0.92f}, {0.97f, 0.95f, 0.92f}, 125});
  draw_ridge(backdrop, {0.85f, -0.40f, 0.0f, 1, {0.86f, 0.66f, 0.46f}, {0.74f, 0.53f, 0.36f}, 126});
  const Brush floor = backdrop.brush(0.95f);
  floor.ellipse({0, -0.70f * half}, 0.46f, 0.11f, shaded(mix(kWalls[(kind + 1) % 4], {0.55f, 0.66f, 0.85f}, 0.4f)));
  floor.ellipse({0, -0.70f * half}, 0.38f, 0.085f, flat(lighter(kWalls[(kind + 1) % 4], 0.4f)));
}

}  // namespace hotshot::world
