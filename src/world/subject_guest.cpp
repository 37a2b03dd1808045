// The guest.
#include "world/subject.h"

namespace hotshot::world {
namespace {

constexpr Rgb kGlow{0.30f, 0.95f, 0.95f};
constexpr Rgb kLamp{1.0f, 0.45f, 0.15f};
constexpr Rgb kJoint{0.30f, 0.31f, 0.38f};

void draw_foot(const Brush& brush, float x, float phase, const Look& look) {
  const float lift = 0.09f * std::max(0.0f, std::sin(phase));
  const float reach = -0.12f * std::cos(phase);
  brush.capsule({x, 0.32f}, {x + reach, 0.08f + lift}, 0.05f, 0.045f, flat(kJoint));
  brush.box({x + reach + 0.03f, 0.055f + lift}, 0.11f, 0.055f, 0.03f, shaded(look.deep));
}

void draw_arm(const Brush& brush, float x, float swing, const Look& look) {
  const Point shoulder{x, 0.56f};
  const Point hand = shoulder + rotated({0, -0.25f}, swing);
  brush.capsule(shoulder, hand, 0.045f, 0.04f, flat(kJoint));
  brush.circle(hand, 0.065f, shaded(look.deep));
}

}  // namespace

// A box on two feet with a visor, an antenna whose lamp blinks, and a heart of light.
void draw_robot(const Brush& brush, const Look& look, const Motion& motion) {
  const bool walks = motion.action == Action::walk;
  const float step = walks ? motion.phase : kPi / 2 * 3;
  const float swing = 0.55f * std::sin(walks ? motion.phase : motion.seconds * 2.4f);
  draw_arm(brush, 0.27f, -swing - 0.2f, look);
  draw_foot(brush, 0.13f, step + kPi, look);
  draw_foot(brush, -0.11f, step, look);
  const Brush body = brush.at(moved({0, walks ? 0.012f * std::sin(motion.phase * 2) : 0}));
  body.box({0, 0.47f}, 0.27f, 0.19f, 0.06f, shaded(look.body));
  const float beat = 0.5f + 0.5f * std::sin(motion.seconds * 4.0f);
  if (!body.outlines()) {
    body.circle({0.02f, 0.48f}, 0.10f, flat(look.pale));
    body.circle({0.02f, 0.48f}, 0.065f, {lighter(kLamp, 0.5f * beat), kLamp, 1, 0, true});
  }
  body.capsule({0, 0.94f}, {-0.02f, 1.06f}, 0.018f, 0.016f, flat(kJoint));
  body.circle({-0.02f, 1.10f}, 0.055f, {lighter(kLamp, 0.6f * beat), kLamp, 1, 0, true});
  body.box({0, 0.80f}, 0.36f, 0.17f, 0.09f, shaded(look.body));
  for (float side : {-1.0f, 1.0f}) body.box({0.38f * side, 0.80f}, 0.045f, 0.085f, 0.03f, shaded(look.deep));
  if (!body.outlines()) {
    body.box({0.04f, 0.81f}, 0.27f, 0.105f, 0.07f, flat({0.08f, 0.10f, 0.18f}));
    const bool shut = std::fmod(motion.seconds + motion.offset, 3.1f) > 2.95f;
    for (float x : {-0.06f, 0.15f}) {
      body.ellipse({x, 0.82f}, 0.055f, shut ? 0.012f : 0.06f, {kGlow, kGlow, 1, 0, true});
    }
    body.capsule({-0.01f, 0.735f}, {0.10f, 0.735f}, 0.012f, 0.012f, {kGlow, kGlow, 1, 0, true});
  }
  draw_arm(body, -0.28f, swing + 0.2f, look);
}

}  // namespace hotshot::world
