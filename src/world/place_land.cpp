// Meadow, forest, desert and snow.
#include "world/scenery.h"

namespace hotshot::world {
namespace {

// A plant or stone on the near ground, small and away from where the actors' faces are.
void draw_flower(const Brush& brush, Point at, float size, Rgb petals) {
  brush.capsule(at, at + Point{0, size}, size * 0.12f, size * 0.10f, flat({0.30f, 0.58f, 0.25f}));
  for (int i = 0; i < 5; ++i) {
    brush.circle(at + Point{0, size * 1.2f} + rotated({size * 0.36f, 0}, static_cast<float>(i) * 2 * kPi / 5),
                 size * 0.26f, flat(petals));
  }
  brush.circle(at + Point{0, size * 1.2f}, size * 0.24f, flat({1.0f, 0.85f, 0.35f}));
}

void draw_tuft(const Brush& brush, Point at, float size, Rgb color) {
  for (float lean : {-0.5f, 0.0f, 0.5f}) {
    brush.capsule(at, at + rotated({0, size}, lean), size * 0.16f, size * 0.05f, flat(color));
  }
}

void draw_cactus(const Brush& brush, Point foot, float height) {
  const Fill green = shaded({0.33f, 0.62f, 0.38f});
  const float r = height * 0.11f;
  brush.capsule(foot, foot + Point{0, height - r}, r, r, green);
  const Point left = foot + Point{-height * 0.26f, height * 0.45f};
  brush.capsule(left, foot + Point{0, height * 0.40f}, r * 0.7f, r * 0.7f, green);
  brush.capsule(left, left + Point{0, height * 0.22f}, r * 0.7f, r * 0.7f, green);
  const Point right = foot + Point{height * 0.26f, height * 0.58f};
  brush.capsule(right, foot + Point{0, height * 0.52f}, r * 0.7f, r * 0.7f, green);
  brush.capsule(right, right + Point{0, height * 0.18f}, r * 0.7f, r * 0.7f, green);
  brush.circle(foot + Point{0, height}, r * 0.55f, flat({0.98f, 0.50f, 0.62f}));
}

void draw_house(const Brush& brush, Point foot, float size, bool lit) {
  brush.box(foot + Point{0, size * 0.35f}, size * 0.5f, size * 0.36f, size * 0.03f, shaded({0.72f, 0.48f, 0.36f}));
  brush.polygon({foot + Point{-size * 0.62f, size * 0.66f}, foot + Point{size * 0.62f, size * 0.66f},
                 foot + Point{0, size * 1.2f}},
                size * 0.05f, shaded({0.97f, 0.98f, 1.0f}));
  const Fill pane = lit ? Fill{{1, 0.92f, 0.6f}, {1, 0.8f, 0.4f}, 1, 0, true} : flat({0.72f, 0.88f, 0.96f});
  brush.box(foot + Point{-size * 0.2f, size * 0.42f}, size * 0.12f, size * 0.12f, size * 0.02f, pane);
  brush.box(foot + Point{size * 0.2f, size * 0.25f}, size * 0.11f, size * 0.25f, size * 0.03f,
            flat({0.45f, 0.28f, 0.22f}));
}

void scatter_on(const Backdrop& backdrop, const Ridge& ridge, float spacing, std::uint32_t part, float probability,
                void (*draw)(const Backdrop&, Point, std::uint32_t)) {
  scatter(backdrop, ridge.depth, spacing, part, [&](float x, std::uint32_t key) {
    if (backdrop.chance(part + 1, key) < probability) {
      draw(backdrop, {x, ridge_height(backdrop, ridge, x) - 0.012f}, key);
    }
  });
}

}  // namespace

void draw_meadow(const Backdrop& backdrop) {
  draw_sky(backdrop);
  draw_ridge(backdrop, {0.25f, 0.16f, 0.10f, 1.1f, {0.62f, 0.82f, 0.78f}, {0.52f, 0.76f, 0.66f}, 20});
  const Ridge middle{0.5f, -0.06f, 0.06f, 0.9f, {0.62f, 0.85f, 0.45f}, {0.46f, 0.74f, 0.38f}, 21};
  draw_ridge(backdrop, middle);
  scatter_on(backdrop, middle, 0.34f, 22, 0.7f, [](const Backdrop& b, Point at, std::uint32_t key) {
    draw_round_tree(b.brush(0.5f), at, 0.17f + 0.10f * b.chance(24, key),
                    mix({0.36f, 0.66f, 0.34f}, {0.58f, 0.74f, 0.30f}, b.chance(25, key)));
  });
  const Ridge near{1.0f, -0.34f, 0.025f, 1.3f, {0.60f, 0.86f, 0.40f}, {0.36f, 0.68f, 0.28f}, 26};
  draw_ridge(backdrop, near);
  scatter(backdrop, 1.0f, 0.16f, 27, [&](float x, std::uint32_t key) {
    constexpr Rgb kPetals[] = {{1, 1, 1}, {1.0f, 0.95f, 0.60f}, {1.0f, 0.82f, 0.88f}};
    const Point at{x, backdrop.view.half_height * (-0.97f + 0.50f * backdrop.chance(28, key))};
    if (backdrop.chance(29, key) < 0.45f) {
      draw_flower(backdrop.brush(1), at, 0.026f, kPetals[key % 3]);
    } else {
      draw_tuft(backdrop.brush(1), at, 0.035f, {0.40f, 0.70f, 0.28f});
    }
  });
}

void draw_forest(const Backdrop& backdrop) {
  draw_sky(backdrop);
  draw_ridge(backdrop, {0.2f, 0.30f, 0.06f, 0.5f, {0.55f, 0.76f, 0.68f}, {0.62f, 0.80f, 0.70f}, 30});
  const Ridge far{0.35f, -0.10f, 0.03f, 0.8f, {0.44f, 0.66f, 0.50f}, {0.40f, 0.62f, 0.46f}, 31};
  scatter_on(backdrop, far, 0.15f, 32, 0.95f, [](const Backdrop& b, Point at, std::uint32_t key) {
    draw_pine(b.brush(0.35f), at, 0.30f + 0.14f * b.chance(34, key), {0.40f, 0.64f, 0.52f}, false);
  });
  draw_ridge(backdrop, far);
  const Ridge middle{0.6f, -0.24f, 0.03f, 1.0f, {0.42f, 0.68f, 0.36f}, {0.34f, 0.58f, 0.32f}, 35};
  draw_ridge(backdrop, middle);
  scatter_on(backdrop, middle, 0.42f, 36, 0.85f, [](const Backdrop& b, Point at, std::uint32_t key) {
    const float height = 0.38f + 0.14f * b.chance(38, key);
    if (b.chance(39, key) < 0.5f) {
      draw_pine(b.brush(0.6f), at, height, {0.24f, 0.52f, 0.38f}, false);
    } else {
      draw_round_tree(b.brush(0.6f), at, height, {0.34f, 0.60f, 0.30f});
    }
  });
  draw_ridge(backdrop, {1.0f, -0.38f, 0.02f, 1.2f, {0.50f, 0.74f, 0.36f}, {0.30f, 0.54f, 0.26f}, 40});
  scatter(backdrop, 1.0f, 0.22f, 41, [&](float x, std::uint32_t key) {
    const Point at{x, backdrop.view.half_height * (-0.95f + 0.45f * backdrop.chance(42, key))};
    const Brush brush = backdrop.brush(1);
    if (backdrop.chance(43, key) < 0.4f) {
      brush.capsule(at, at + Point{0, 0.028f}, 0.012f, 0.010f, flat({0.98f, 0.94f, 0.86f}));
      brush.ellipse(at + Point{0, 0.034f}, 0.028f, 0.018f, shaded({0.86f, 0.36f, 0.30f}));
      brush.circle(at + Point{-0.008f, 0.038f}, 0.005f, flat({1, 1, 1}));
    } else {
      draw_tuft(brush, at, 0.045f, {0.30f, 0.58f, 0.28f});
    }
  });
}

void draw_desert(const Backdrop& backdrop) {
  draw_sky(backdrop);
  const Brush far = backdrop.brush(0.2f);
  scatter(backdrop, 0.2f, 0.7f, 50, [&](float x, std::uint32_t key) {
    if (backdrop.chance(51, key) > 0.6f) return;
    const float size = 0.20f + 0.12f * backdrop.chance(52, key);
    far.polygon({{x - size, 0.0f}, {x + size, 0.0f}, {x, size * 1.1f}}, 0.01f,
                {{0.95f, 0.78f, 0.56f}, {0.92f, 0.72f, 0.52f}});
    far.polygon({{x + size * 0.25f, 0.0f}, {x + size, 0.0f}, {x, size * 1.1f}}, 0.01f, flat({0.84f, 0.63f, 0.46f}));
  });
  draw_ridge(backdrop, {0.25f, 0.10f, 0.05f, 1.0f, {0.98f, 0.82f, 0.56f}, {0.95f, 0.76f, 0.50f}, 53});
  const Ridge middle{0.5f, -0.10f, 0.06f, 1.2f, {0.97f, 0.77f, 0.46f}, {0.93f, 0.69f, 0.40f}, 54};
  draw_ridge(backdrop, middle);
  scatter_on(backdrop, middle, 0.48f, 55, 0.65f, [](const Backdrop& b, Point at, std::uint32_t key) {
    draw_cactus(b.brush(0.5f), at, 0.15f + 0.10f * b.chance(57, key));
  });
  draw_ridge(backdrop, {1.0f, -0.36f, 0.03f, 1.4f, {1.0f, 0.85f, 0.56f}, {0.94f, 0.72f, 0.42f}, 58});
  scatter(backdrop, 1.0f, 0.24f, 59, [&](float x, std::uint32_t key) {
    const Point at{x, backdrop.view.half_height * (-0.95f + 0.42f * backdrop.chance(60, key))};
    const float size = 0.014f + 0.014f * backdrop.chance(61, key);
    backdrop.brush(1).ellipse(at, size * 1.5f, size, shaded({0.80f, 0.62f, 0.44f}));
  });
}

void draw_snow(const Backdrop& backdrop) {
  draw_sky(backdrop);
  const Brush far = backdrop.brush(0.2f);
  scatter(backdrop, 0.2f, 0.36f, 62, [&](float x, std::uint32_t key) {
    const float h = 0.26f + 0.16f * backdrop.chance(63, key);
    far.polygon({{x - h * 0.85f, -0.05f}, {x + h * 0.85f, -0.05f}, {x, h}}, 0.015f,
                {{0.66f, 0.75f, 0.88f}, {0.76f, 0.84f, 0.94f}});
    far.polygon({{x - h * 0.24f, h * 0.70f},
                 {x - h * 0.06f, h * 0.62f},
                 {x + h * 0.08f, h * 0.72f},
                 {x + h * 0.24f, h * 0.66f},
                 {x, h}},
                0.013f, flat({0.98f, 0.99f, 1.0f}));
  });
  const Ridge middle{0.5f, -0.06f, 0.05f, 1.0f, {0.88f, 0.93f, 0.99f}, {0.80f, 0.88f, 0.97f}, 64};
  draw_ridge(backdrop, middle);
  scatter_on(backdrop, middle, 0.30f, 65, 0.8f, [](const Backdrop& b, Point at, std::uint32_t key) {
    if (b.chance(67, key) < 0.2f) {
      draw_house(b.brush(0.5f), at, 0.15f, b.is_night());
    } else {
      draw_pine(b.brush(0.5f), at, 0.22f + 0.10f * b.chance(68, key), {0.26f, 0.52f, 0.48f}, true);
    }
  });
  draw_ridge(backdrop, {1.0f, -0.34f, 0.03f, 1.3f, {0.96f, 0.98f, 1.0f}, {0.82f, 0.89f, 0.98f}, 69});
  scatter(backdrop, 1.0f, 0.2f, 70, [&](float x, std::uint32_t key) {
    const Point at{x, backdrop.view.half_height * (-0.96f + 0.48f * backdrop.chance(71, key))};
    backdrop.brush(1).ellipse(at, 0.05f, 0.012f, Fill{{0.78f, 0.86f, 0.97f}, {0.78f, 0.86f, 0.97f}, 0.8f, 0.01f});
  });
}

}  // namespace hotshot::world
