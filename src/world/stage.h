// Where things are at one moment: the frame in world units, the camera, and the pose of every actor.
// World units: the shorter side of the frame is 1, the origin is its middle, y points up.
#pragma once

#include "world/canvas.h"
#include "world/scene.h"

namespace hotshot::world {

struct View {
  int width = 0;  // pixels
  int height = 0;
  float half_width = 0.5f;  // world units
  float half_height = 0.5f;
  View(int width, int height);
};

struct CameraState {
  float shift = 0;  // how far the camera went to the right, at depth 1
  float zoom = 1;
};
CameraState camera_at(Camera camera, double seconds);

/// World to pixels for things at a depth: 0 is infinitely far, 1 where the actors are.
Transform to_pixels(const View& view, const CameraState& camera, float depth);

struct Pose {
  Point at;           // where the subject's own (0, 0) is
  float scale = 1;    // world units per subject unit
  float facing = 1;   // 1 right, -1 left
  float angle = 0;    // around the subject's center
  float stretch = 1;  // taller than usual; the width shrinks alike
  float phase = 0;    // of legs, wings, wheels
  float offset = 0;   // blinking
  float ground = 0;   // height of the shadow
  bool on_ground = false;
};
Pose pose_of(const Scene& scene, std::size_t actor, double seconds, const View& view);
/// Maps the subject's own coordinates to the world.
Transform to_world(const Pose& pose, Point center);

/// Heights of the water in the sea, in world units per half frame height.
inline constexpr float kHorizon = 0.16f;
inline constexpr float kWaterline = -0.40f;  // where boats float
inline constexpr float kDivingLine = 0.34f;  // the surface seen from the side, with fish below

/// A number in [0, 1) for detail `key` of `part`; free of any order.
float detail(std::uint64_t seed, std::uint32_t part, std::uint32_t key);

}  // namespace hotshot::world
