// Things that people and children make.
#include <array>

#include "world/subject.h"

namespace hotshot::world {
namespace {

constexpr Rgb kTyre{0.17f, 0.16f, 0.20f};
constexpr Rgb kGlass{0.72f, 0.90f, 0.98f};
constexpr Rgb kLamp{1.0f, 0.92f, 0.55f};

Fill window(const Motion& motion) {
  return motion.is_dark ? Fill{{1.0f, 0.93f, 0.62f}, {1.0f, 0.82f, 0.42f}, 1, 0, true}
                        : Fill{lighter(kGlass, 0.4f), kGlass};
}

void draw_wheel(const Brush& brush, Point center, float radius, float turn, Rgb hub) {
  brush.circle(center, radius, flat(kTyre));
  brush.circle(center, radius * 0.62f, shaded({0.86f, 0.88f, 0.92f}));
  for (int i = 0; i < 3; ++i) {
    const Point spoke = rotated({radius * 0.5f, 0}, -turn + static_cast<float>(i) * kPi / 3);
    brush.capsule(center - spoke, center + spoke, radius * 0.09f, radius * 0.09f, flat({0.45f, 0.47f, 0.54f}));
  }
  brush.circle(center, radius * 0.22f, flat(hub));
}

// Puffs that rise from a chimney and drift back.
void draw_smoke(const Brush& brush, Point from, const Motion& motion) {
  for (int i = 0; i < 4; ++i) {
    const float age = std::fmod(motion.seconds * 0.7f + motion.offset + static_cast<float>(i) * 0.25f, 1.0f);
    const Point at = from + Point{-0.55f * age, 0.34f * age + 0.05f};
    brush.circle(at, 0.05f + 0.10f * age, Fill{{1, 1, 1}, {0.82f, 0.84f, 0.90f}, 0.85f * (1 - age)});
  }
}

void draw_beam(const Brush& brush, Point lamp, const Motion& motion) {
  if (motion.is_dark) brush.ellipse(lamp + Point{0.24f, -0.03f}, 0.26f, 0.13f, glow(kLamp, 0.55f, 0.22f));
}

}  // namespace

void draw_car(const Brush& brush, const Look& look, const Motion& motion) {
  const Brush body = brush.at(moved({0, 0.012f * std::sin(motion.seconds * 11)}));
  body.fill({-0.62f, 0.12f, 0.64f, 0.84f}, shaded(look.body), [](Point p) {
    return soft_union(box_distance(p, {0, 0.33f}, 0.60f, 0.18f, 0.13f),
                      box_distance({p.x + 0.25f * (p.y - 0.6f) * (p.x > -0.06f ? 1.0f : -0.6f), p.y}, {-0.06f, 0.60f},
                                   0.34f, 0.22f, 0.15f),
                      0.10f);
  });
  body.box({-0.22f, 0.61f}, 0.13f, 0.11f, 0.05f, window(motion));
  body.box({0.11f, 0.61f}, 0.15f, 0.12f, 0.06f, window(motion));
  draw_eye(body, {0.06f, 0.60f}, 0.062f, motion);
  draw_eye(body, {0.20f, 0.60f}, 0.062f, motion);
  body.box({0, 0.22f}, 0.58f, 0.035f, 0.03f, flat(look.deep));
  body.box({-0.05f, 0.40f}, 0.06f, 0.016f, 0.014f, flat(look.deep));
  draw_smile(body, {0.40f, 0.33f}, 0.15f, 0.016f);
  body.ellipse({0.56f, 0.40f}, 0.055f, 0.065f, Fill{{1, 1, 0.9f}, kLamp, 1, 0, motion.is_dark});
  body.box({-0.58f, 0.40f}, 0.03f, 0.045f, 0.02f, flat({0.95f, 0.25f, 0.22f}));
  draw_beam(body, {0.62f, 0.38f}, motion);
  draw_wheel(brush, {-0.33f, 0.155f}, 0.155f, motion.phase, look.body);
  draw_wheel(brush, {0.33f, 0.155f}, 0.155f, motion.phase, look.body);
}

void draw_train(const Brush& brush, const Look& look, const Motion& motion) {
  const Brush body = brush.at(moved({0, 0.010f * std::sin(motion.seconds * 9)}));
  draw_smoke(body, {0.66f, 0.88f}, motion);
  body.capsule({-0.14f, 0.22f}, {0.02f, 0.22f}, 0.03f, 0.03f, flat(kTyre));
  body.box({-0.55f, 0.44f}, 0.38f, 0.26f, 0.08f, shaded(look.body));
  body.box({-0.55f, 0.71f}, 0.41f, 0.045f, 0.04f, shaded(look.deep));
  for (float x : {-0.77f, -0.55f, -0.33f}) body.box({x, 0.50f}, 0.075f, 0.09f, 0.03f, window(motion));
  body.box({-0.55f, 0.27f}, 0.37f, 0.03f, 0.02f, flat(look.pale));
  body.box({0.18f, 0.52f}, 0.18f, 0.34f, 0.05f, shaded(look.body));
  body.box({0.18f, 0.87f}, 0.23f, 0.045f, 0.04f, shaded(look.deep));
  body.box({0.18f, 0.64f}, 0.10f, 0.11f, 0.04f, window(motion));
  body.polygon({{0.60f, 0.60f}, {0.72f, 0.60f}, {0.75f, 0.84f}, {0.57f, 0.84f}}, 0.02f, shaded(look.deep));
  body.box({0.58f, 0.42f}, 0.34f, 0.22f, 0.18f, shaded(look.body));
  body.box({0.42f, 0.42f}, 0.025f, 0.21f, 0.02f, flat(look.pale));
  draw_eye(body, {0.66f, 0.48f}, 0.066f, motion);
  draw_eye(body, {0.82f, 0.48f}, 0.062f, motion);
  draw_smile(body, {0.75f, 0.34f}, 0.15f, 0.015f);
  body.polygon({{0.82f, 0.08f}, {0.98f, 0.07f}, {0.86f, 0.24f}}, 0.02f, flat(look.deep));
  draw_beam(body, {0.92f, 0.42f}, motion);
  body.box({0.05f, 0.20f}, 0.86f, 0.03f, 0.02f, flat(kTyre));
  for (float x : {-0.76f, -0.36f}) draw_wheel(brush, {x, 0.12f}, 0.12f, motion.phase * 1.25f, look.body);
  for (float x : {0.16f, 0.48f, 0.78f}) draw_wheel(brush, {x, 0.13f}, 0.13f, motion.phase, look.body);
  const Point crank = rotated({0.07f, 0}, -motion.phase);
  brush.capsule(Point{0.16f, 0.13f} + crank, Point{0.78f, 0.13f} + crank, 0.02f, 0.02f, flat({0.75f, 0.77f, 0.82f}));
}

void draw_boat(const Brush& brush, const Look& look, const Motion& motion) {
  brush.capsule({0.02f, 0.20f}, {0.02f, 1.02f}, 0.026f, 0.022f, shaded({0.55f, 0.38f, 0.24f}));
  const float wind = 0.03f * std::sin(motion.seconds * 2.4f + motion.offset);
  brush.polygon({{0.08f, 0.34f}, {0.08f, 0.98f}, {0.48f + wind, 0.38f}}, 0.03f, shaded({0.99f, 0.96f, 0.90f}));
  brush.polygon({{-0.05f, 0.38f}, {-0.05f, 0.84f}, {-0.36f + wind, 0.40f}}, 0.03f, shaded(look.body));
  const float wave = 0.03f * std::sin(motion.seconds * 7.0f);
  brush.polygon({{0.00f, 1.10f}, {0.00f, 1.00f}, {-0.20f, 1.05f + wave}}, 0.015f, shaded(look.body));
  brush.polygon({{-0.56f, 0.28f}, {0.62f, 0.30f}, {0.42f, -0.02f}, {-0.40f, -0.02f}}, 0.05f, shaded(look.body));
  brush.capsule({-0.58f, 0.30f}, {0.64f, 0.32f}, 0.035f, 0.035f, flat(look.pale));
  for (float x : {-0.34f, -0.12f}) brush.circle({x, 0.16f}, 0.058f, window(motion));
  draw_eye(brush, {0.22f, 0.18f}, 0.062f, motion);
  draw_eye(brush, {0.38f, 0.18f}, 0.062f, motion);
  draw_smile(brush, {0.31f, 0.07f}, 0.13f, 0.014f);
}

void draw_plane(const Brush& brush, const Look& look, const Motion& motion) {
  brush.polygon({{-0.62f, 0.44f}, {-0.70f, 0.82f}, {-0.52f, 0.80f}, {-0.36f, 0.50f}}, 0.035f, shaded(look.deep));
  brush.ellipse({0.06f, 0.56f}, 0.10f, 0.16f, shaded(look.deep), 0.5f);
  brush.fill({-0.72f, 0.16f, 0.66f, 0.66f}, shaded(look.body), [](Point p) {
    return soft_union(ellipse_distance(p, {0.16f, 0.41f}, 0.46f, 0.23f),
                      capsule_distance(p, {0, 0.42f}, {-0.64f, 0.48f}, 0.18f, 0.06f), 0.12f);
  });
  if (!brush.outlines()) {
    brush.fill({-0.4f, 0.12f, 0.64f, 0.3f}, flat(look.pale, 0.85f), [](Point p) {
      return std::max(ellipse_distance(p, {0.16f, 0.41f}, 0.45f, 0.22f), p.y - 0.28f);
    });
  }
  brush.ellipse({0.26f, 0.53f}, 0.17f, 0.12f, window(motion), -0.1f);
  draw_eye(brush, {0.24f, 0.53f}, 0.058f, motion);
  draw_eye(brush, {0.36f, 0.52f}, 0.054f, motion);
  draw_smile(brush, {0.46f, 0.35f}, 0.14f, 0.014f);
  for (float x : {-0.30f, -0.14f, 0.02f}) brush.circle({x, 0.47f}, 0.045f, window(motion));
  brush.polygon({{0.14f, 0.34f}, {-0.06f, 0.34f}, {-0.30f, 0.06f}, {-0.16f, 0.04f}}, 0.04f, shaded(look.deep));
  brush.polygon({{-0.54f, 0.46f}, {-0.66f, 0.46f}, {-0.80f, 0.34f}, {-0.68f, 0.33f}}, 0.025f, shaded(look.deep));
  brush.circle({0.63f, 0.41f}, 0.055f, shaded(kTyre));
  const float blade = 0.20f * std::abs(std::cos(motion.seconds * 17.0f + motion.offset)) + 0.04f;
  brush.ellipse({0.66f, 0.41f}, 0.045f, 0.24f, flat({0.9f, 0.95f, 1.0f}, 0.40f));
  brush.capsule({0.66f, 0.41f - blade}, {0.66f, 0.41f + blade}, 0.022f, 0.022f, flat({0.35f, 0.33f, 0.38f}));
}

void draw_balloon(const Brush& brush, const Look& look, const Motion& motion) {
  std::array<Point, 7> string;
  for (std::size_t i = 0; i < string.size(); ++i) {
    const float t = static_cast<float>(i) / 6.0f;
    string[i] = {0.05f * t * std::sin(motion.seconds * 2.6f + motion.offset - t * 5.0f), 0.24f - 0.42f * t};
  }
  if (!brush.outlines()) brush.tube(string, 0.013f, 0.011f, flat({0.40f, 0.36f, 0.40f}));
  brush.polygon({{0, 0.30f}, {-0.06f, 0.21f}, {0.06f, 0.21f}}, 0.018f, shaded(look.deep));
  brush.fill({-0.38f, 0.26f, 0.38f, 1.06f}, {lighter(look.body, 0.18f), darker(look.body, 0.18f)}, [](Point p) {
    return ellipse_distance({p.x * (1.0f + 0.22f * (0.68f - p.y)), p.y}, {0, 0.67f}, 0.35f, 0.385f);
  });
  brush.ellipse({-0.16f, 0.86f}, 0.10f, 0.055f, flat({1, 1, 1}, 0.75f), 0.75f);
  brush.circle({-0.245f, 0.73f}, 0.028f, flat({1, 1, 1}, 0.7f));
  draw_eye(brush, {-0.05f, 0.68f}, 0.06f, motion);
  draw_eye(brush, {0.14f, 0.68f}, 0.06f, motion);
  draw_smile(brush, {0.045f, 0.57f}, 0.14f, 0.014f);
  draw_blush(brush, {-0.14f, 0.58f}, {0.22f, 0.58f}, 0.045f);
}

void draw_rocket(const Brush& brush, const Look& look, const Motion& motion) {
  const float flicker =
      0.06f * std::sin(motion.seconds * 23.0f + motion.offset) + 0.04f * std::sin(motion.seconds * 37.0f);
  if (!brush.outlines()) {
    brush.ellipse({0, -0.08f}, 0.20f, 0.28f, glow({1.0f, 0.70f, 0.25f}, 0.45f, 0.22f));
    brush.polygon({{-0.09f, 0.10f}, {0.09f, 0.10f}, {0.02f, -0.24f - flicker}, {-0.02f, -0.24f - flicker}}, 0.04f,
                  {{1.0f, 0.62f, 0.15f}, {0.98f, 0.36f, 0.12f}, 1, 0, true});
    brush.polygon({{-0.04f, 0.08f}, {0.04f, 0.08f}, {0.0f, -0.10f - flicker}}, 0.03f, flat({1.0f, 0.92f, 0.50f}));
  }
  brush.polygon({{-0.16f, 0.34f}, {-0.34f, 0.06f}, {-0.12f, 0.14f}}, 0.035f, shaded(look.deep));
  brush.polygon({{0.16f, 0.34f}, {0.34f, 0.06f}, {0.12f, 0.14f}}, 0.035f, shaded(look.deep));
  brush.box({0, 0.12f}, 0.11f, 0.05f, 0.03f, shaded({0.35f, 0.35f, 0.42f}));
  const auto hull = [](Point p) {
    const float narrow = 1.0f + 0.65f * std::max(0.0f, p.y - 0.55f);
    return ellipse_distance({p.x * narrow, p.y}, {0, 0.54f}, 0.235f, 0.46f);
  };
  brush.fill({-0.24f, 0.10f, 0.24f, 1.02f}, shaded(look.body), hull);
  if (!brush.outlines()) {
    brush.fill({-0.2f, 0.74f, 0.2f, 1.02f}, flat(look.pale), [&](Point p) { return std::max(hull(p), 0.80f - p.y); });
    brush.fill({-0.25f, 0.1f, 0.25f, 0.3f}, flat(look.deep),
               [&](Point p) { return std::max(hull(p), std::abs(p.y - 0.23f) - 0.03f); });
  }
  brush.circle({0, 0.54f}, 0.165f, shaded({0.92f, 0.94f, 0.97f}));
  brush.circle({0, 0.54f}, 0.130f, window(motion));
  const Brush face = brush.at(moved({0, 0.54f}) * turned(-0.8f * motion.tilt));
  draw_eye(face, {-0.045f, 0.025f}, 0.050f, motion);
  draw_eye(face, {0.070f, 0.025f}, 0.050f, motion);
  draw_smile(face, {0.012f, -0.062f}, 0.10f, 0.012f);
}

void draw_ball(const Brush& brush, const Look& look, const Motion& motion) {
  const Point center{0, 0.45f};
  brush.circle(center, 0.45f, {lighter(look.body, 0.16f), darker(look.body, 0.16f)});
  if (brush.outlines()) return;
  const Brush skin = brush.at(moved(center) * turned(-motion.phase));
  const auto inside = [](Point p, float d) { return std::max(d, circle_distance(p, {}, 0.435f)); };
  skin.fill({-0.45f, -0.45f, 0.45f, 0.45f}, flat(look.pale, 0.95f),
            [&](Point p) { return inside(p, std::abs(p.y - 0.55f * p.x * p.x) - 0.075f); });
  skin.fill({-0.3f, -0.3f, 0.3f, 0.42f}, flat(look.pale, 0.95f), [&](Point p) {
    return inside(p, star_distance(p - Point{0, 0.27f}, 0.085f, 0.045f, 0.02f));
  });
  skin.circle({0.0f, -0.26f}, 0.075f, flat(look.deep, 0.9f));
  brush.ellipse(center + Point{-0.17f, 0.26f}, 0.11f, 0.055f, flat({1, 1, 1}, 0.6f), 0.6f);
}

void draw_star(const Brush& brush, const Look& look, const Motion& motion) {
  const Point center{0, 0.45f};
  const float pulse = motion.action == Action::twinkle ? std::sin(motion.seconds * 5.0f + motion.offset) : 0.2f;
  if (!brush.outlines()) brush.circle(center, 0.50f, glow(lighter(look.body, 0.35f), 0.26f + 0.22f * pulse, 0.5f));
  const Brush skin = brush.at(moved(center) * turned(-motion.phase) * scaled(1 + 0.10f * pulse, 1 + 0.10f * pulse));
  const Rgb lit = lighter(look.body, 0.10f + 0.10f * pulse);
  skin.fill({-0.48f, -0.45f, 0.48f, 0.48f}, {lighter(lit, 0.15f), darker(lit, 0.08f), 1, 0, true},
            [](Point p) { return star_distance(p, 0.39f, 0.215f, 0.075f); });
  skin.ellipse({-0.10f, 0.20f}, 0.05f, 0.10f, flat({1, 1, 1}, 0.45f), 0.3f);
  draw_eye(skin, {-0.085f, 0.03f}, 0.058f, motion);
  draw_eye(skin, {0.095f, 0.03f}, 0.058f, motion);
  draw_smile(skin, {0.005f, -0.08f}, 0.14f, 0.015f);
  draw_blush(skin, {-0.17f, -0.05f}, {0.18f, -0.05f}, 0.045f);
  if (motion.action != Action::twinkle) return;
  for (int i = 0; i < 3; ++i) {
    const float beat = std::max(0.0f, std::sin(motion.seconds * 5.0f + static_cast<float>(i) * 2.1f));
    const Point at = center + rotated({0.52f, 0}, 0.6f + static_cast<float>(i) * 2.2f);
    brush.capsule(at - Point{0, 0.09f * beat}, at + Point{0, 0.09f * beat}, 0.016f, 0.016f, flat({1, 1, 0.9f}, beat));
    brush.capsule(at - Point{0.09f * beat, 0}, at + Point{0.09f * beat, 0}, 0.016f, 0.016f, flat({1, 1, 0.9f}, beat));
  }
}

}  // namespace hotshot::world
