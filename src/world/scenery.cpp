#include "world/scenery.h"

#include "world/grammar.h"

namespace hotshot::world {
namespace {

struct SkyColors {
  Rgb top, middle, bottom;
};

SkyColors sky_colors(const Backdrop& backdrop) {
  constexpr SkyColors kSky[] = {
      {{0.35f, 0.68f, 0.96f}, {0.60f, 0.83f, 0.99f}, {0.88f, 0.96f, 1.00f}},
      {{0.36f, 0.30f, 0.62f}, {0.93f, 0.50f, 0.50f}, {1.00f, 0.82f, 0.52f}},
      {{0.05f, 0.06f, 0.20f}, {0.10f, 0.13f, 0.33f}, {0.24f, 0.27f, 0.50f}},
  };
  SkyColors sky = kSky[static_cast<std::size_t>(backdrop.scene.time)];
  const float hue = backdrop.chance(10, 0) - 0.5f;
  for (Rgb* color : {&sky.top, &sky.middle, &sky.bottom}) {
    *color = {color->r + 0.05f * hue, color->g, color->b - 0.05f * hue};
    if (backdrop.scene.weather != Weather::clear) {
      const float gray = 0.3f * color->r + 0.5f * color->g + 0.2f * color->b;
      *color = mix(*color, {gray * 0.92f, gray * 0.96f, gray * 1.04f}, 0.62f);
      if (backdrop.is_night()) *color = mix(*color, {0.26f, 0.28f, 0.42f}, 0.45f);
    }
  }
  if (backdrop.scene.place == Place::desert && backdrop.scene.time == TimeOfDay::day) sky.bottom = {1.0f, 0.93f, 0.76f};
  return sky;
}

void draw_stars(const Backdrop& backdrop) {
  const Brush brush = backdrop.brush(0.04f);
  const Box area = backdrop.visible(0.04f);
  for (std::uint32_t i = 0; i < 26; ++i) {
    const Point at{area.x0 + (area.x1 - area.x0) * backdrop.chance(11, i),
                   area.y1 * (1 - 1.1f * backdrop.chance(12, i) * backdrop.chance(12, i))};
    const float beat = 0.65f + 0.35f * std::sin(backdrop.seconds * 2.5f + 40.0f * backdrop.chance(13, i));
    brush.circle(at, 0.004f + 0.005f * backdrop.chance(14, i), glow({1.0f, 0.98f, 0.85f}, beat, 0.004f));
  }
}

void draw_sun(const Backdrop& backdrop) {
  const Brush brush = backdrop.brush(0.05f);
  const float side = backdrop.chance(15, 0) < 0.5f ? -1.0f : 1.0f;
  const Point at{side * backdrop.view.half_width * (0.45f + 0.25f * backdrop.chance(15, 1)),
                 backdrop.view.half_height * (0.62f + 0.14f * backdrop.chance(15, 2))};
  if (backdrop.scene.time == TimeOfDay::day) {
    brush.circle(at, 0.16f, glow({1.0f, 0.96f, 0.70f}, 0.75f, 0.18f));
    brush.circle(at, 0.078f, glow({1.0f, 0.90f, 0.42f}, 1, 0.008f));
  } else if (backdrop.scene.time == TimeOfDay::sunset) {
    const Point low{at.x, backdrop.view.half_height * 0.40f};
    brush.circle(low, 0.26f, glow({1.0f, 0.72f, 0.40f}, 0.75f, 0.30f));
    brush.circle(low, 0.115f, Fill{{1.0f, 0.86f, 0.48f}, {1.0f, 0.56f, 0.34f}, 1, 0.008f, true});
  } else {
    brush.circle(at, 0.15f, glow({0.85f, 0.88f, 1.0f}, 0.35f, 0.18f));
    brush.fill(box_around(at, 0.075f, 0.075f), glow({1.0f, 0.97f, 0.80f}, 1, 0.007f), [&](Point p) {
      return std::max(circle_distance(p, at, 0.072f), 0.064f - length(p - at - Point{side * -0.038f, 0.022f}));
    });
  }
}

void draw_cloud(const Brush& brush, Point at, float size, const Fill& fill) {
  brush.fill({at.x - 1.3f * size, at.y - 0.42f * size, at.x + 1.3f * size, at.y + 0.75f * size}, fill, [&](Point p) {
    const Point q = (p - at) * (1.0f / size);
    float d = circle_distance(q, {-0.15f, 0.22f}, 0.46f);
    d = soft_union(d, circle_distance(q, {0.42f, 0.12f}, 0.36f), 0.12f);
    d = soft_union(d, circle_distance(q, {-0.66f, 0.02f}, 0.30f), 0.12f);
    d = soft_union(d, capsule_distance(q, {-0.85f, -0.12f}, {0.90f, -0.12f}, 0.22f, 0.22f), 0.10f);
    return d * size;
  });
}

void draw_clouds(const Backdrop& backdrop) {
  constexpr Rgb kTop[] = {{1, 1, 1}, {1.0f, 0.80f, 0.74f}, {0.34f, 0.37f, 0.60f}};
  constexpr Rgb kBottom[] = {{0.86f, 0.92f, 0.99f}, {0.86f, 0.55f, 0.62f}, {0.22f, 0.25f, 0.46f}};
  const auto time = static_cast<std::size_t>(backdrop.scene.time);
  const bool gray = backdrop.scene.weather != Weather::clear;
  const Rgb shade = gray ? Rgb{0.78f, 0.80f, 0.86f} : Rgb{1, 1, 1};
  const Fill fill{kTop[time] * shade, kBottom[time] * shade, backdrop.is_night() && !gray ? 0.7f : 0.95f, 0, true};
  const float depth = 0.15f;
  scatter(backdrop, depth, gray ? 0.42f : 0.62f, 16, [&](float x, std::uint32_t key) {
    const float y = backdrop.view.half_height * ((gray ? 0.70f : 0.52f) + 0.32f * backdrop.chance(17, key));
    const float size = (gray ? 0.15f : 0.10f) + 0.06f * backdrop.chance(18, key);
    draw_cloud(backdrop.brush(depth), {x + 0.012f * backdrop.seconds, y}, size, fill);
  });
}

}  // namespace

Rgb light_on_actors(const Scene& scene) {
  if (scene.place == Place::room) return scene.time == TimeOfDay::night ? Rgb{0.96f, 0.91f, 0.84f} : Rgb{1, 1, 1};
  if (scene.time == TimeOfDay::sunset) return {1.0f, 0.94f, 0.90f};
  if (scene.time == TimeOfDay::night && scene.place != Place::space) return {0.91f, 0.92f, 1.0f};
  return scene.weather == Weather::clear ? Rgb{1, 1, 1} : Rgb{0.95f, 0.96f, 0.98f};
}

Rgb light_on_scenery(const Scene& scene) {
  const Rgb dull = scene.weather == Weather::clear ? Rgb{1, 1, 1} : Rgb{0.88f, 0.92f, 0.97f};
  if (scene.place == Place::space) return {1, 1, 1};
  if (scene.place == Place::room) {
    if (scene.time == TimeOfDay::night) return {0.66f, 0.58f, 0.62f};
    return scene.time == TimeOfDay::sunset ? Rgb{1.0f, 0.88f, 0.78f} : Rgb{1, 1, 1};
  }
  if (scene.time == TimeOfDay::sunset) return Rgb{1.0f, 0.79f, 0.76f} * dull;
  if (scene.time == TimeOfDay::night) return Rgb{0.45f, 0.51f, 0.78f} * dull;
  return dull;
}

Brush Backdrop::brush(float depth) const {
  return Brush(canvas, to_pixels(view, camera, depth)).lit(light_on_scenery(scene));
}

Box Backdrop::visible(float depth) const {
  const Transform to_local = inverse(to_pixels(view, camera, depth));
  const Point low = to_local({0, static_cast<float>(view.height)});
  const Point high = to_local({static_cast<float>(view.width), 0});
  return {low.x, low.y, high.x, high.y};
}

float ridge_height(const Backdrop& backdrop, const Ridge& ridge, float x) {
  const float k = 2 * kPi / ridge.wavelength;
  const float u = x - ridge.drift * backdrop.seconds;
  return ridge.base * backdrop.view.half_height +
         ridge.swing * (0.6f * std::sin(k * u + 6.28f * backdrop.chance(ridge.part, 0)) +
                        0.3f * std::sin(1.83f * k * u + 6.28f * backdrop.chance(ridge.part, 1)) +
                        0.1f * std::sin(3.71f * k * u + 6.28f * backdrop.chance(ridge.part, 2)));
}

void draw_ridge(const Backdrop& backdrop, const Ridge& ridge) {
  Canvas& canvas = backdrop.canvas;
  const Transform pixels = to_pixels(backdrop.view, backdrop.camera, ridge.depth);
  const Transform world = inverse(pixels);
  std::vector<float> edge(static_cast<std::size_t>(canvas.width()));
  float highest = static_cast<float>(canvas.height());
  for (int x = 0; x < canvas.width(); ++x) {
    const float at = world({static_cast<float>(x) + 0.5f, 0}).x;
    edge[static_cast<std::size_t>(x)] = pixels({at, ridge_height(backdrop, ridge, at)}).y;
    highest = std::min(highest, edge[static_cast<std::size_t>(x)]);
  }
  const Rgb light = light_on_scenery(backdrop.scene);
  const float bottom = -backdrop.view.half_height;
  const float top = ridge.base * backdrop.view.half_height + ridge.swing;
  for (int y = std::max(0, static_cast<int>(highest) - 1); y < canvas.height(); ++y) {
    const float height = world({0, static_cast<float>(y) + 0.5f}).y;
    const Rgb color = mix(ridge.bottom, ridge.top, std::clamp((height - bottom) / (top - bottom), 0.0f, 1.0f)) * light;
    Rgb* row = canvas.row(y);
    for (int x = 0; x < canvas.width(); ++x) {
      const float cover = std::clamp(static_cast<float>(y) + 1.0f - edge[static_cast<std::size_t>(x)], 0.0f, 1.0f);
      row[x] = mix(row[x], color, cover * ridge.opacity);
    }
  }
}

void draw_sky(const Backdrop& backdrop) {
  const SkyColors sky = sky_colors(backdrop);
  Canvas& canvas = backdrop.canvas;
  const Transform world = inverse(to_pixels(backdrop.view, backdrop.camera, 0.05f));
  for (int y = 0; y < canvas.height(); ++y) {
    const float height = world({0, static_cast<float>(y) + 0.5f}).y / backdrop.view.half_height;
    const float t = std::clamp(height, 0.0f, 1.0f);
    const Rgb color = t < 0.5f ? mix(sky.bottom, sky.middle, t * 2) : mix(sky.middle, sky.top, t * 2 - 1);
    std::fill_n(canvas.row(y), canvas.width(), color);
  }
  const bool clear = backdrop.scene.weather == Weather::clear;
  if (backdrop.is_night() && clear) draw_stars(backdrop);
  if (clear) draw_sun(backdrop);
  draw_clouds(backdrop);
}

void draw_place(const Backdrop& backdrop) {
  using Draw = void (*)(const Backdrop&);
  constexpr Draw kDraw[] = {draw_meadow, draw_forest, draw_desert, draw_sea,
                            draw_city,   draw_snow,   draw_space,  draw_room};
  kDraw[static_cast<std::size_t>(backdrop.scene.place)](backdrop);
}

void draw_foreground(const Backdrop& backdrop) {
  if (backdrop.scene.place == Place::sea) draw_sea_front(backdrop);
}

void draw_weather(const Backdrop& backdrop) {
  if (backdrop.scene.weather == Weather::clear) return;
  const bool rain = backdrop.scene.weather == Weather::rain;
  const View& view = backdrop.view;
  const Brush brush(backdrop.canvas, to_pixels(view, {}, 0));
  const auto count = static_cast<std::uint32_t>((rain ? 64.0f : 60.0f) * view.half_width * view.half_height * 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const float near = 0.5f + 0.5f * backdrop.chance(90, i);
    const float fall = backdrop.chance(91, i) + backdrop.seconds * (rain ? 1.7f : 0.28f) * near;
    const float down = fall - std::floor(fall);
    const float across = backdrop.chance(92, i) + (rain ? -0.09f * down : 0.03f * std::sin(3 * fall + 6 * near));
    const Point at{(across * 2.2f - 1.05f) * view.half_width, (1.1f - 2.2f * down) * view.half_height};
    if (rain) {
      brush.capsule(at, at + Point{0.010f, 0.060f * near}, 0.0032f, 0.0022f, flat({0.86f, 0.93f, 1.0f}, 0.62f));
    } else {
      brush.circle(at, 0.006f + 0.008f * near, flat({1, 1, 1}, 0.92f));
    }
  }
}

void draw_round_tree(const Brush& brush, Point foot, float height, Rgb leaves) {
  brush.capsule(foot, foot + Point{0, height * 0.5f}, height * 0.07f, height * 0.05f, shaded({0.48f, 0.33f, 0.22f}));
  const Point crown = foot + Point{0, height * 0.66f};
  brush.fill(box_around(crown, height * 0.42f, height * 0.40f), {lighter(leaves, 0.12f), darker(leaves, 0.16f)},
             [&](Point p) {
               const Point q = (p - crown) * (1 / height);
               float d = circle_distance(q, {0, 0.10f}, 0.25f);
               d = soft_union(d, circle_distance(q, {-0.17f, -0.06f}, 0.20f), 0.08f);
               return soft_union(d, circle_distance(q, {0.17f, -0.05f}, 0.20f), 0.08f) * height;
             });
  brush.ellipse(crown + Point{-height * 0.10f, height * 0.18f}, height * 0.13f, height * 0.09f,
                flat(lighter(leaves, 0.35f), 0.45f), 0.3f);
  brush.circle(crown + Point{height * 0.14f, -height * 0.02f}, height * 0.05f, flat(lighter(leaves, 0.3f), 0.35f));
  brush.circle(crown + Point{-height * 0.16f, -height * 0.08f}, height * 0.04f, flat(lighter(leaves, 0.3f), 0.35f));
}

void draw_pine(const Brush& brush, Point foot, float height, Rgb needles, bool snowy) {
  brush.capsule(foot, foot + Point{0, height * 0.25f}, height * 0.05f, height * 0.05f, shaded({0.42f, 0.29f, 0.22f}));
  for (int i = 0; i < 3; ++i) {
    const float y = height * (0.18f + 0.23f * static_cast<float>(i));
    const float w = height * (0.27f - 0.065f * static_cast<float>(i));
    const Point top = foot + Point{0, y + height * 0.34f};
    brush.polygon({foot + Point{-w, y}, foot + Point{w, y}, top}, height * 0.03f, shaded(needles));
    if (snowy) {
      brush.polygon({top, top + Point{-w * 0.5f, -height * 0.17f}, top + Point{w * 0.5f, -height * 0.17f}},
                    height * 0.025f, shaded({0.97f, 0.98f, 1.0f}));
    }
  }
}

}  // namespace hotshot::world
