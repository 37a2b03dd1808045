// Animals that walk.
#include <array>

#include "world/subject.h"

namespace hotshot::world {
namespace {

constexpr Rgb kNose{0.22f, 0.12f, 0.16f};
constexpr Rgb kPink{1.0f, 0.62f, 0.68f};

bool stands(const Motion& motion) { return motion.action == Action::sit; }

// A leg whose foot steps around a flat ellipse: back on the ground, forward in the air.
void draw_leg(const Brush& brush, Point hip, float stride, float phase, float thickness, const Fill& paint) {
  const float lift = std::max(0.0f, std::sin(phase));
  const Point foot = {hip.x - stride * std::cos(phase), thickness + lift * stride * 0.55f};
  brush.capsule(hip, foot, thickness * 1.15f, thickness, paint);
  brush.ellipse(foot + Point{thickness * 0.35f, -thickness * 0.25f}, thickness * 1.3f, thickness * 0.8f, paint);
}

struct Legs {
  float back_x, front_x, hip_y, stride, thickness;
};

// The two legs of one side; the far side is half a step away and darker.
void draw_legs(const Brush& brush, const Legs& legs, const Motion& motion, bool far, Rgb color) {
  const bool gallops = motion.action == Action::run;
  const bool tucked = motion.action == Action::jump;
  const float shift = far ? (gallops ? 0.7f : kPi) : 0.0f;
  const float stride = legs.stride * (gallops ? 1.35f : tucked ? 0.8f : 1.0f);
  const float x = far ? 0.07f : 0.0f;
  const float back = tucked ? kPi * 0.95f + shift * 0.1f : motion.phase + shift;
  const float front = tucked ? kPi * 0.05f : motion.phase + shift + (gallops ? kPi * 0.8f : kPi * 0.55f);
  draw_leg(brush, {legs.back_x + x, legs.hip_y}, stride, back, legs.thickness, shaded(color));
  draw_leg(brush, {legs.front_x + x, legs.hip_y}, stride, front, legs.thickness, shaded(color));
}

void draw_helmet(const Brush& brush, Point center, float radius, const Motion& motion) {
  if (!motion.in_space) return;
  brush.circle(center, radius, flat({0.75f, 0.90f, 1.0f}, 0.22f));
  brush.fill(box_around(center, radius, radius), flat({0.92f, 0.97f, 1.0f}, 0.9f),
             [&](Point p) { return std::abs(circle_distance(p, center, radius)) - 0.018f; });
  brush.ellipse(center + Point{-radius * 0.5f, radius * 0.55f}, radius * 0.26f, radius * 0.13f, flat({1, 1, 1}, 0.8f),
                0.7f);
}

void draw_whiskers(const Brush& brush, Point cheek, float side) {
  for (float tilt : {-0.10f, 0.10f}) {
    brush.capsule(cheek, cheek + Point{side * 0.17f, tilt * 0.6f + 0.01f}, 0.010f, 0.006f,
                  flat({0.25f, 0.2f, 0.25f}, 0.6f));
  }
}

void draw_cat_head(const Brush& brush, const Look& look, const Motion& motion) {
  const float twitch = 0.02f * std::sin(motion.seconds * 2.1f + motion.offset);
  brush.polygon({{-0.23f, 0.06f}, {-0.22f, 0.33f + twitch}, {-0.03f, 0.20f}}, 0.035f, shaded(look.body));
  brush.polygon({{0.23f, 0.06f}, {0.22f, 0.33f - twitch}, {0.03f, 0.20f}}, 0.035f, shaded(look.body));
  if (!brush.outlines()) {
    brush.polygon({{-0.19f, 0.14f}, {-0.19f, 0.27f + twitch}, {-0.09f, 0.20f}}, 0.02f, flat(kPink));
    brush.polygon({{0.19f, 0.14f}, {0.19f, 0.27f - twitch}, {0.09f, 0.20f}}, 0.02f, flat(kPink));
  }
  brush.ellipse({0, 0}, 0.29f, 0.25f, shaded(look.body));
  brush.ellipse({0.04f, -0.10f}, 0.15f, 0.10f, flat(look.pale));
  draw_eye(brush, {-0.09f, 0.03f}, 0.065f, motion);
  draw_eye(brush, {0.14f, 0.03f}, 0.065f, motion);
  brush.ellipse({0.04f, -0.06f}, 0.035f, 0.024f, flat({0.95f, 0.45f, 0.52f}));
  draw_smile(brush, {0.04f, -0.12f}, 0.13f, 0.012f);
  draw_blush(brush, {-0.17f, -0.08f}, {0.22f, -0.08f}, 0.045f);
  draw_whiskers(brush, {-0.14f, -0.06f}, -1);
  draw_whiskers(brush, {0.20f, -0.06f}, 1);
}

void draw_dog_head(const Brush& brush, const Look& look, const Motion& motion) {
  const float flap = 0.03f * std::sin(motion.phase * 2 + motion.seconds);
  brush.ellipse({0, 0}, 0.26f, 0.25f, shaded(look.body));
  brush.ellipse({0.19f, -0.08f}, 0.15f, 0.115f, shaded(look.pale));
  brush.ellipse({0.31f, -0.03f}, 0.055f, 0.045f, flat(kNose));
  draw_smile(brush, {0.20f, -0.13f}, 0.15f, 0.013f);
  if (motion.action != Action::sit) {
    brush.capsule({0.19f, -0.17f}, {0.185f, -0.22f}, 0.038f, 0.034f, flat({0.95f, 0.40f, 0.46f}));
  }
  draw_eye(brush, {0.02f, 0.06f}, 0.062f, motion);
  draw_eye(brush, {0.18f, 0.07f}, 0.058f, motion);
  brush.capsule({-0.17f, 0.14f}, {-0.25f, -0.10f + flap}, 0.07f, 0.095f, shaded(look.deep));
}

// The body shared by cat and dog: a soft union of chest and hips on four legs.
void draw_walker_body(const Brush& brush, const Look& look, const Motion& motion) {
  const Legs legs{-0.27f, 0.15f, 0.30f, 0.13f, 0.072f};
  draw_legs(brush, legs, motion, true, look.deep);
  brush.fill({-0.46f, 0.16f, 0.36f, 0.62f}, shaded(look.body), [](Point p) {
    return soft_union(ellipse_distance(p, {-0.20f, 0.37f}, 0.22f, 0.17f),
                      ellipse_distance(p, {0.12f, 0.39f}, 0.20f, 0.18f), 0.15f);
  });
  if (!brush.outlines()) brush.ellipse({0.02f, 0.28f}, 0.22f, 0.07f, flat(look.pale, 0.75f));
  draw_legs(brush, legs, motion, false, look.body);
}

void draw_sitting_body(const Brush& brush, const Look& look) {
  brush.ellipse({-0.16f, 0.17f}, 0.22f, 0.17f, shaded(look.deep));
  brush.fill({-0.32f, 0.0f, 0.26f, 0.64f}, shaded(look.body), [](Point p) {
    return soft_union(ellipse_distance(p, {-0.06f, 0.24f}, 0.25f, 0.23f),
                      ellipse_distance(p, {0.04f, 0.44f}, 0.16f, 0.18f), 0.15f);
  });
  brush.ellipse({0.09f, 0.34f}, 0.09f, 0.16f, flat(look.pale));
  brush.capsule({0.03f, 0.30f}, {0.05f, 0.06f}, 0.06f, 0.055f, shaded(look.body));
  brush.capsule({0.16f, 0.30f}, {0.19f, 0.06f}, 0.06f, 0.055f, shaded(look.body));
  brush.ellipse({0.08f, 0.045f}, 0.075f, 0.045f, flat(look.pale));
  brush.ellipse({0.22f, 0.045f}, 0.075f, 0.045f, flat(look.pale));
}

}  // namespace

void draw_cat(const Brush& brush, const Look& look, const Motion& motion) {
  const float sway = std::sin(motion.seconds * 3.0f + motion.offset);
  const bool sits = stands(motion);
  const float base = sits ? 0.10f : 0.42f;
  const float root = sits ? -0.26f : -0.38f;
  const std::array<Point, 5> tail{Point{root, base}, Point{root - 0.14f, base + 0.06f},
                                  Point{root - 0.20f, base + 0.20f}, Point{root - 0.17f + 0.05f * sway, base + 0.34f},
                                  Point{root - 0.09f + 0.12f * sway, base + 0.43f}};
  brush.tube(tail, 0.062f, 0.05f, shaded(look.body));
  if (sits) {
    draw_sitting_body(brush, look);
  } else {
    draw_walker_body(brush, look, motion);
  }
  const float nod = 0.015f * std::sin(motion.phase * 2);
  const Point head = sits ? Point{0.07f, 0.72f} : Point{0.27f, 0.64f + nod};
  draw_cat_head(brush.at(moved(head)), look, motion);
  draw_helmet(brush, head + Point{0, 0.05f}, 0.40f, motion);
}

void draw_dog(const Brush& brush, const Look& look, const Motion& motion) {
  const float wag = 0.45f * std::sin(motion.seconds * 9.0f + motion.offset);
  const bool sits = stands(motion);
  const Point root = sits ? Point{-0.30f, 0.16f} : Point{-0.38f, 0.46f};
  brush.capsule(root, root + rotated({-0.20f, 0.22f}, wag), 0.06f, 0.04f, shaded(look.body));
  if (sits) {
    draw_sitting_body(brush, look);
  } else {
    draw_walker_body(brush, look, motion);
  }
  const float nod = 0.02f * std::sin(motion.phase * 2);
  const Point head = sits ? Point{0.06f, 0.72f} : Point{0.26f, 0.66f + nod};
  draw_dog_head(brush.at(moved(head)), look, motion);
  draw_helmet(brush, head + Point{0.03f, 0.0f}, 0.38f, motion);
}

void draw_rabbit(const Brush& brush, const Look& look, const Motion& motion) {
  const float bob = stands(motion) ? 0.03f * std::sin(motion.seconds * 2.5f) : 0.08f * std::sin(motion.phase);
  brush.circle({-0.36f, 0.28f}, 0.10f, shaded(look.pale));
  if (stands(motion)) {
    draw_sitting_body(brush.at(scaled(0.95f, 0.85f)), look);
  } else {
    draw_legs(brush, {-0.22f, 0.14f, 0.22f, 0.12f, 0.06f}, motion, true, look.deep);
    brush.ellipse({-0.06f, 0.30f}, 0.31f, 0.23f, shaded(look.body));
    brush.ellipse({0.04f, 0.20f}, 0.17f, 0.08f, flat(look.pale, 0.8f));
    brush.ellipse({-0.20f, 0.20f}, 0.15f, 0.13f, shaded(look.body));
    draw_legs(brush, {-0.20f, 0.14f, 0.20f, 0.12f, 0.06f}, motion, false, look.body);
  }
  const Point head_at = stands(motion) ? Point{0.05f, 0.60f} : Point{0.20f, 0.53f};
  const Brush head = brush.at(moved(head_at));
  const float angles[] = {0.28f + bob, -0.12f + bob};
  for (float angle : angles) {
    const Point tip = rotated({0, 0.46f}, angle) + Point{-0.04f, 0.08f};
    head.capsule({-0.05f, 0.10f}, tip, 0.065f, 0.075f, shaded(angle > 0.2f ? look.deep : look.body));
    if (!brush.outlines()) head.capsule(tip * 0.6f, tip * 0.95f, 0.028f, 0.036f, flat(kPink));
  }
  head.ellipse({0, 0}, 0.23f, 0.205f, shaded(look.body));
  head.ellipse({0.09f, -0.07f}, 0.12f, 0.085f, flat(look.pale));
  draw_eye(head, {-0.02f, 0.04f}, 0.058f, motion);
  draw_eye(head, {0.14f, 0.04f}, 0.055f, motion);
  head.ellipse({0.10f, -0.03f}, 0.03f, 0.022f, flat({0.95f, 0.45f, 0.52f}));
  draw_smile(head, {0.09f, -0.09f}, 0.10f, 0.011f);
  draw_blush(head, {-0.10f, -0.06f}, {0.185f, -0.05f}, 0.04f);
  draw_helmet(brush, head_at + Point{0, 0.12f}, 0.42f, motion);
}

void draw_elephant(const Brush& brush, const Look& look, const Motion& motion) {
  const Legs legs{-0.30f, 0.10f, 0.30f, 0.09f, 0.105f};
  const bool sits = stands(motion);
  Motion steps = motion;
  if (sits) steps.phase = kPi / 2 * 3;
  brush.capsule({-0.46f, 0.52f}, {-0.56f, 0.34f + 0.03f * std::sin(motion.seconds * 4)}, 0.03f, 0.025f,
                shaded(look.deep));
  draw_legs(brush, legs, steps, true, look.deep);
  brush.ellipse({-0.10f, 0.50f}, 0.40f, 0.30f, shaded(look.body));
  draw_legs(brush, legs, steps, false, look.body);
  const Brush head = brush.at(moved({0.30f, 0.66f + 0.012f * std::sin(motion.phase * 2)}));
  const float sway = 0.07f * std::sin(motion.seconds * 2.2f + motion.offset);
  const std::array<Point, 5> trunk{Point{0.14f, -0.04f}, Point{0.26f, -0.16f}, Point{0.28f, -0.32f},
                                   Point{0.30f + sway * 0.5f, -0.44f}, Point{0.39f + sway, -0.47f + sway * 0.4f}};
  head.tube(trunk, 0.10f, 0.05f, shaded(look.body));
  head.ellipse({0, 0}, 0.27f, 0.26f, shaded(look.body));
  head.capsule({0.14f, -0.15f}, {0.21f, -0.24f}, 0.03f, 0.018f, flat({1, 0.98f, 0.90f}));
  draw_eye(head, {0.09f, 0.06f}, 0.058f, motion);
  draw_eye(head, {0.21f, 0.05f}, 0.050f, motion);
  draw_blush(head, {0.05f, -0.07f}, {0.05f, -0.07f}, 0.045f);
  const float flap = 1.0f + 0.10f * std::sin(motion.seconds * 3.1f + motion.offset);
  head.ellipse({-0.16f, -0.01f}, 0.18f * flap, 0.25f, shaded(look.deep), 0.15f);
  head.ellipse({-0.15f, -0.02f}, 0.12f * flap, 0.18f, flat(mix(look.deep, kPink, 0.55f)), 0.15f);
}

}  // namespace hotshot::world
