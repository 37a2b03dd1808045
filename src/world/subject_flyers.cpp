// Animals that fly or swim.
#include <array>

#include "world/subject.h"

namespace hotshot::world {
namespace {

constexpr Rgb kBeak{1.0f, 0.66f, 0.16f};

// One side of a butterfly, to the right of its body: upper and lower wing with spots.
void draw_wings(const Brush& brush, const Look& look, float open) {
  const Brush wing = brush.at(scaled(open, 1.0f));
  wing.ellipse({0.24f, -0.19f}, 0.22f, 0.18f, shaded(look.deep), 0.5f);
  wing.ellipse({0.29f, 0.17f}, 0.30f, 0.24f, shaded(look.body), 0.6f);
  if (brush.outlines()) return;
  wing.ellipse({0.34f, 0.21f}, 0.11f, 0.085f, flat(look.pale), 0.6f);
  wing.ellipse({0.26f, -0.19f}, 0.08f, 0.065f, flat(look.pale), 0.5f);
  wing.circle({0.18f, 0.09f}, 0.045f, flat(look.pale));
}

}  // namespace

void draw_bird(const Brush& brush, const Look& look, const Motion& motion) {
  const bool walks = motion.action == Action::walk;
  const float beat = std::sin(motion.phase);
  if (walks) {
    for (float side : {0.0f, kPi}) {
      const float swing = 0.10f * std::cos(motion.phase + side);
      const Point foot{-0.02f - swing, 0.03f + 0.06f * std::max(0.0f, std::sin(motion.phase + side))};
      brush.capsule({-0.02f, 0.20f}, foot, 0.025f, 0.022f, flat(kBeak));
      brush.capsule(foot, foot + Point{0.09f, 0}, 0.024f, 0.02f, flat(kBeak));
    }
  }
  brush.polygon({{-0.28f, 0.40f}, {-0.58f, 0.50f}, {-0.52f, 0.36f}, {-0.56f, 0.26f}}, 0.03f, shaded(look.deep));
  if (!walks) {
    const Brush far = brush.at(moved({0.02f, 0.50f}) * turned(0.45f + beat * 0.8f));
    far.ellipse({-0.05f, 0.17f}, 0.12f, 0.23f, shaded(look.deep));
  }
  brush.polygon({{0.30f, 0.58f}, {0.52f, 0.49f}, {0.31f, 0.44f}}, 0.025f, shaded(kBeak));
  brush.fill({-0.36f, 0.12f, 0.42f, 0.76f}, shaded(look.body), [](Point p) {
    return soft_union(ellipse_distance(p, {-0.05f, 0.38f}, 0.30f, 0.22f), circle_distance(p, {0.18f, 0.54f}, 0.20f),
                      0.12f);
  });
  brush.ellipse({0.05f, 0.28f}, 0.19f, 0.10f, flat(look.pale), 0.15f);
  for (float tuft : {0.1f, 0.5f}) {
    brush.capsule({0.15f, 0.72f}, Point{0.15f, 0.72f} + rotated({0, 0.09f}, tuft), 0.03f, 0.015f, shaded(look.body));
  }
  const Brush wing = brush.at(moved({-0.06f, 0.44f}) * turned(walks ? 2.0f : 0.25f + beat * 1.05f));
  wing.ellipse({0, walks ? 0.12f : 0.20f}, 0.13f, walks ? 0.19f : 0.27f, shaded(look.deep));
  wing.ellipse({0.02f, walks ? 0.09f : 0.14f}, 0.075f, 0.14f, flat(mix(look.body, look.pale, 0.35f)));
  draw_eye(brush, {0.22f, 0.58f}, 0.065f, motion);
  draw_blush(brush, {0.17f, 0.47f}, {0.17f, 0.47f}, 0.045f);
}

void draw_butterfly(const Brush& brush, const Look& look, const Motion& motion) {
  const float open = 0.76f + 0.30f * std::sin(motion.phase);
  const Brush body = brush.at(moved({0, 0.45f}) * turned(-0.38f));
  draw_wings(body.at(scaled(-1, 1)), look, open * 0.92f + 0.08f);
  draw_wings(body, look, open * 0.85f + 0.08f);
  const Rgb dark{0.36f, 0.25f, 0.26f};
  body.capsule({0, -0.26f}, {0, 0.14f}, 0.04f, 0.06f, shaded(dark));
  for (float side : {-1.0f, 1.0f}) {
    const std::array<Point, 3> feeler{Point{side * 0.03f, 0.26f}, Point{side * 0.08f, 0.38f},
                                      Point{side * 0.15f, 0.43f}};
    body.tube(feeler, 0.013f, 0.013f, flat(dark));
    body.circle(feeler[2], 0.028f, flat(dark));
  }
  body.circle({0, 0.20f}, 0.115f, shaded({0.98f, 0.84f, 0.66f}));
  draw_eye(body, {-0.035f, 0.22f}, 0.036f, motion);
  draw_eye(body, {0.05f, 0.22f}, 0.036f, motion);
  draw_smile(body, {0.01f, 0.155f}, 0.07f, 0.010f);
}

void draw_fish(const Brush& brush, const Look& look, const Motion& motion) {
  const float sway = std::sin(motion.phase);
  const Brush tail = brush.at(moved({-0.34f, 0.40f}) * scaled(1.0f - 0.18f * sway, 1.0f) * turned(0.16f * sway));
  tail.polygon({{0.04f, 0}, {-0.24f, 0.22f}, {-0.17f, 0}, {-0.24f, -0.22f}}, 0.045f, shaded(look.deep));
  brush.polygon({{-0.14f, 0.60f}, {0.00f, 0.80f}, {0.16f, 0.62f}}, 0.04f, shaded(look.deep));
  brush.polygon({{-0.10f, 0.20f}, {-0.12f, 0.06f}, {0.06f, 0.18f}}, 0.03f, shaded(look.deep));
  brush.fill({-0.42f, 0.12f, 0.48f, 0.68f}, shaded(look.body), [](Point p) {
    return soft_union(ellipse_distance(p, {0.10f, 0.40f}, 0.36f, 0.27f),
                      ellipse_distance(p, {-0.22f, 0.40f}, 0.20f, 0.13f), 0.18f);
  });
  if (!brush.outlines()) {
    brush.ellipse({0.12f, 0.23f}, 0.25f, 0.08f, flat(look.pale, 0.8f));
    for (float x : {-0.20f, -0.04f}) brush.ellipse({x, 0.42f}, 0.035f, 0.15f, flat(look.pale, 0.85f));
  }
  brush.ellipse({0.06f, 0.34f}, 0.11f, 0.065f, shaded(look.deep), 0.5f + 0.4f * sway);
  draw_eye(brush, {0.26f, 0.47f}, 0.082f, motion);
  draw_smile(brush, {0.36f, 0.31f}, 0.13f, 0.014f);
  draw_blush(brush, {0.22f, 0.33f}, {0.22f, 0.33f}, 0.05f);
}

void draw_whale(const Brush& water, const Look& look, const Motion& motion) {
  const Brush brush = water.at(moved({0, 0.16f}));
  const float sway = 0.14f * std::sin(motion.phase);
  const Brush tail = brush.at(moved({-0.52f, 0.42f}) * turned(sway));
  tail.capsule({0.20f, -0.12f}, {-0.08f, 0.10f}, 0.15f, 0.06f, shaded(look.body));
  tail.ellipse({-0.17f, 0.22f}, 0.15f, 0.075f, shaded(look.body), -0.5f);
  tail.ellipse({0.01f, 0.24f}, 0.14f, 0.075f, shaded(look.body), 0.7f);
  brush.fill({-0.62f, -0.10f, 0.72f, 0.66f}, shaded(look.body), [](Point p) {
    return soft_union(ellipse_distance(p, {0.18f, 0.26f}, 0.52f, 0.37f),
                      ellipse_distance(p, {-0.30f, 0.26f}, 0.28f, 0.20f), 0.25f);
  });
  if (!brush.outlines()) {
    brush.fill({-0.3f, -0.12f, 0.74f, 0.2f}, flat(look.pale), [](Point p) {
      return std::max(ellipse_distance(p, {0.18f, 0.26f}, 0.51f, 0.36f), p.y - 0.13f - 0.10f * p.x);
    });
  }
  const float gush = std::fmod(motion.seconds * 0.9f + motion.offset, 1.0f);
  for (int i = 0; i < 6; ++i) {
    const float t = std::fmod(gush + static_cast<float>(i) / 6.0f, 1.0f);
    const float side = i % 2 == 0 ? -1.0f : 1.0f;
    const Point drop{0.16f + side * 0.20f * t, 0.64f + 0.95f * t - 0.85f * t * t};
    brush.circle(drop, 0.055f - 0.02f * t, flat({0.80f, 0.94f, 1.0f}, 0.9f * (1 - t * t)));
  }
  brush.ellipse({0.10f, 0.10f}, 0.13f, 0.06f, shaded(look.deep), -0.7f + sway);
  draw_eye(brush, {0.44f, 0.34f}, 0.07f, motion);
  draw_smile(brush, {0.56f, 0.20f}, 0.16f, 0.015f);
  draw_blush(brush, {0.38f, 0.22f}, {0.38f, 0.22f}, 0.055f);
}

}  // namespace hotshot::world
