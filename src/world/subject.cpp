#include "world/subject.h"

namespace hotshot::world {
namespace {

constexpr Rgb kColors[] = {
    {0.90f, 0.19f, 0.20f},  // red
    {0.98f, 0.55f, 0.12f},  // orange
    {1.00f, 0.84f, 0.18f},  // yellow
    {0.22f, 0.70f, 0.31f},  // green
    {0.20f, 0.46f, 0.92f},  // blue
    {0.57f, 0.31f, 0.80f},  // purple
    {1.00f, 0.54f, 0.71f},  // pink
    {0.97f, 0.97f, 0.99f},  // white
    {0.16f, 0.16f, 0.20f},  // black
    {0.53f, 0.33f, 0.19f},  // brown
    {0.58f, 0.60f, 0.65f},  // gray
};

constexpr SubjectLook kLooks[] = {
    {Subject::cat, draw_cat, 0.40f, {0, 0.45f}, 0.58f, 0.10f, false},
    {Subject::dog, draw_dog, 0.40f, {0, 0.45f}, 0.60f, 0.10f, false},
    {Subject::rabbit, draw_rabbit, 0.36f, {0, 0.45f}, 0.45f, 0.11f, false},
    {Subject::elephant, draw_elephant, 0.46f, {0, 0.45f}, 0.68f, 0.09f, false},
    {Subject::bird, draw_bird, 0.36f, {0, 0.40f}, 0.55f, 0.05f, false},
    {Subject::butterfly, draw_butterfly, 0.36f, {0, 0.45f}, 0.52f, 0.04f, false},
    {Subject::fish, draw_fish, 0.36f, {0, 0.40f}, 0.66f, 0.07f, false},
    {Subject::whale, draw_whale, 0.42f, {0, 0.35f}, 0.78f, 0.12f, false},
    {Subject::car, draw_car, 0.40f, {0, 0.40f}, 0.66f, 0.17f, false},
    {Subject::train, draw_train, 0.36f, {0, 0.40f}, 0.98f, 0.15f, false},
    {Subject::boat, draw_boat, 0.42f, {0, 0.40f}, 0.60f, 0.20f, false},
    {Subject::plane, draw_plane, 0.38f, {0, 0.40f}, 0.72f, 0.02f, false},
    {Subject::balloon, draw_balloon, 0.42f, {0, 0.60f}, 0.36f, 0.10f, false},
    {Subject::rocket, draw_rocket, 0.42f, {0, 0.45f}, 0.36f, 0.03f, true},
    {Subject::ball, draw_ball, 0.34f, {0, 0.45f}, 0.45f, 0.45f, false},
    {Subject::star, draw_star, 0.38f, {0, 0.45f}, 0.50f, 0.10f, false},
    {Subject::robot, draw_robot, 0.44f, {0, 0.50f}, 0.44f, 0.10f, false},
};

}  // namespace

Look look_of(Color color) {
  const Rgb body = kColors[static_cast<std::size_t>(color)];
  if (color == Color::white) return {body, {1, 1, 1}, {0.80f, 0.82f, 0.88f}};
  if (color == Color::black) return {body, {0.36f, 0.36f, 0.42f}, {0.07f, 0.07f, 0.10f}};
  return {body, lighter(body, 0.55f), darker(body, 0.28f)};
}

const SubjectLook& look_of(Subject subject) { return kLooks[static_cast<std::size_t>(subject)]; }

void draw_eye(const Brush& brush, Point center, float radius, const Motion& motion) {
  const float blink = std::fmod(motion.seconds + motion.offset, 3.7f);
  if (blink > 3.5f) {
    brush.capsule(center - Point{radius * 0.8f, 0}, center + Point{radius * 0.8f, 0}, radius * 0.3f, radius * 0.3f,
                  flat({0.12f, 0.10f, 0.16f}));
    return;
  }
  brush.ellipse(center, radius, radius * 1.15f, flat({1, 1, 1}));
  brush.ellipse(center + Point{radius * 0.18f, 0}, radius * 0.70f, radius * 0.88f, flat({0.12f, 0.10f, 0.16f}));
  brush.circle(center + Point{radius * 0.34f, radius * 0.38f}, radius * 0.32f, flat({1, 1, 1}));
}

void draw_smile(const Brush& brush, Point center, float width, float thickness) {
  const Point points[] = {center + Point{-width / 2, width * 0.16f}, center + Point{-width / 4, -width * 0.06f},
                          center + Point{0, -width * 0.12f}, center + Point{width / 4, -width * 0.06f},
                          center + Point{width / 2, width * 0.16f}};
  brush.tube(points, thickness, thickness, flat({0.20f, 0.10f, 0.14f}));
}

void draw_blush(const Brush& brush, Point left, Point right, float radius) {
  for (const Point& spot : {left, right}) brush.ellipse(spot, radius, radius * 0.7f, flat({1, 0.45f, 0.50f}, 0.55f));
}

}  // namespace hotshot::world
