#include "world/stage.h"

#include "world/grammar.h"
#include "world/subject.h"

namespace hotshot::world {
namespace {

constexpr double kMiddle = 1.5;  // seconds: when a crossing actor is in the middle of the frame

constexpr double kPan = 0.18;  // shorter sides per second that a panning camera goes: three times the way of waves

// Frame widths (or heights) per second.
float sideways_speed(const Actor& actor, std::size_t count) {
  constexpr float kSpeeds[] = {0.09f, 0.18f, 0.26f};
  const float crowd = count == 1 ? 1.0f : count == 2 ? 0.70f : 0.55f;
  return kSpeeds[static_cast<std::size_t>(actor.speed)] * crowd;
}

float upright_speed(const Actor& actor) {
  constexpr float kSpeeds[] = {0.09f, 0.16f, 0.25f};
  return kSpeeds[static_cast<std::size_t>(actor.speed)];
}

// x wrapped into [-half, half).
float wrapped(double x, float half) {
  const double period = 2.0 * half;
  return static_cast<float>(x - period * std::floor((x + half) / period));
}

// How the actors share the width of the frame.
struct Arrangement {
  float factor = 1;  // of everybody's size
  float extent = 0;  // half the width of all together
  float center[3] = {0, 0, 0};
};

float own_half_width(const Actor& actor) {
  constexpr float kSizes[] = {0.74f, 1.0f, 1.26f};
  const SubjectLook& look = look_of(actor.subject);
  return look.half_width * look.scale * kSizes[static_cast<std::size_t>(actor.size)];
}

Arrangement arrange(const Scene& scene, const View& view) {
  Arrangement result;
  const std::size_t count = scene.actors.size();
  if (count == 1) {
    result.extent = own_half_width(scene.actors[0]);
    return result;
  }
  if (scene.relation == Relation::above) {
    result.factor = 0.78f;
    result.extent = 0.78f * std::max(own_half_width(scene.actors[0]), own_half_width(scene.actors[1]));
    result.center[0] = 0.10f * (detail(scene.detail_seed, 5, 0) - 0.5f);
    return result;
  }
  float total = 0;
  for (const Actor& actor : scene.actors) total += 2 * own_half_width(actor);
  const float width = 0.82f * 2 * view.half_width;
  result.factor = std::min(count == 2 ? 0.82f : 0.70f, width / total);
  total *= result.factor;
  const float gap = std::min((width - total) / static_cast<float>(count - 1), 0.10f);
  result.extent = 0.5f * (total + gap * static_cast<float>(count - 1));
  float edge = -result.extent;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = scene.relation == Relation::right_of ? count - 1 - i : i;
    const float half = own_half_width(scene.actors[index]) * result.factor;
    result.center[index] = edge + half;
    edge += 2 * half + gap;
  }
  return result;
}

float lane_height(const Scene& scene, std::size_t index, Lane lane, const View& view) {
  const std::size_t count = scene.actors.size();
  const float side = count == 1 ? 0.0f : (index % 2 == 0 ? 1.0f : -1.0f);
  const bool stacked = scene.relation == Relation::above;
  const float jitter = detail(scene.detail_seed, 1, static_cast<std::uint32_t>(index)) - 0.5f;
  float height = 0;
  switch (lane) {
    case Lane::ground:
      height = stacked ? -0.72f : -0.62f + 0.07f * side;
      break;
    case Lane::air:
      height = stacked ? 0.50f : 0.12f + 0.14f * side + 0.14f * jitter;
      break;
    case Lane::surface:
      height = stacked ? kWaterline - 0.16f : kWaterline;
      break;
    case Lane::underwater:
      height = stacked ? -0.42f : -0.24f + 0.20f * side + 0.16f * jitter;
      break;
  }
  return height * view.half_height;
}

// Hops: height in world units and the squash of the body.
void hop(Pose& pose, double seconds, float height, float period) {
  const double beat = seconds / period + pose.offset * 0.16;
  const float u = static_cast<float>(beat - std::floor(beat)) / 0.78f;
  if (u < 1) {
    pose.at.y += height * 4 * u * (1 - u);
    pose.stretch = 1.0f + 0.10f * std::abs(1 - 2 * u);
  } else {
    pose.stretch = 1.0f - 0.16f * std::sin((u - 1) / 0.282f * kPi);
  }
}

void move_in_place(Pose& pose, const Actor& actor, float t) {
  constexpr float kTempo[] = {0.55f, 1.0f, 1.8f};
  const float tempo = kTempo[static_cast<std::size_t>(actor.speed)];
  switch (actor.action) {
    case Action::jump:
      hop(pose, t, 0.20f, 0.95f);
      break;
    case Action::bounce:
      hop(pose, t, 0.30f, 0.85f);
      break;
    case Action::spin:
      pose.phase = 2.6f * tempo * t;
      break;
    case Action::grow:
      pose.scale *= 0.48f + 0.85f * (1 - std::exp(-t / 2.0f));
      break;
    case Action::float_:
      pose.at.y += 0.03f * std::sin(1.7f * t + pose.offset);
      pose.angle = 0.13f * std::sin(1.2f * t + pose.offset);
      break;
    case Action::twinkle:
      pose.angle = 0.12f * std::sin(1.6f * t + pose.offset);
      break;
    case Action::swim:
    case Action::sail:
      pose.at.y += 0.012f * std::sin(2.4f * t + pose.offset);
      pose.angle = (actor.action == Action::sail ? 0.05f : 0.03f) * std::sin(2.0f * t + pose.offset);
      break;
    case Action::fly:
      pose.at.y += 0.018f * std::sin(2.6f * t + pose.offset);
      break;
    default:
      break;
  }
}

// Rising and falling, from one edge to the other and in again.
void move_upright(Pose& pose, const Actor& actor, double seconds, const View& view) {
  if (actor.direction != Direction::up && actor.direction != Direction::down) return;
  const float middle = look_of(actor.subject).center.y * pose.scale;
  const float sign = actor.direction == Direction::up ? 1.0f : -1.0f;
  const double way = sign * upright_speed(actor) * 2 * view.half_height * (seconds - kMiddle);
  const float reach = view.half_height + 0.62f * pose.scale;
  pose.at.y = wrapped(pose.at.y + middle + way, reach) - middle;
  pose.angle = 0.06f * std::sin(1.8f * static_cast<float>(seconds) + pose.offset);
}

// Wings, fins and propellers beat at their own pace; legs and wheels turn with the way.
float phase_of(const Actor& actor, float way, float scale, float stride, float t) {
  if (actor.action == Action::fly) return 7.3f * t;
  if (actor.action == Action::swim) return (actor.subject == Subject::whale ? 3.0f : 6.0f) * t;
  if (actor.action == Action::float_) return 1.5f * t;
  if (actor.action == Action::fall || actor.action == Action::rise) return 0.8f * t;
  return way / (scale * stride);
}

}  // namespace

View::View(int width_pixels, int height_pixels) : width(width_pixels), height(height_pixels) {
  const float unit = static_cast<float>(std::min(width, height));
  half_width = 0.5f * static_cast<float>(width) / unit;
  half_height = 0.5f * static_cast<float>(height) / unit;
}

CameraState camera_at(Camera camera, double seconds) {
  const float ease = static_cast<float>(1 - std::exp(-std::max(0.0, seconds) / 2.5));
  switch (camera) {
    case Camera::pan_left:
      return {static_cast<float>(-kPan * (seconds - kMiddle)), 1};
    case Camera::pan_right:
      return {static_cast<float>(kPan * (seconds - kMiddle)), 1};
    case Camera::zoom_in:
      return {0, 0.92f + 0.46f * ease};
    case Camera::zoom_out:
      return {0, 1.30f - 0.46f * ease};
    default:
      return {};
  }
}

Transform to_pixels(const View& view, const CameraState& camera, float depth) {
  const float unit = static_cast<float>(std::min(view.width, view.height));
  const float zoom = 1 + (camera.zoom - 1) * (0.45f + 0.55f * depth);
  const Transform pixels{
      {unit, 0}, {0, -unit}, {0.5f * static_cast<float>(view.width), 0.5f * static_cast<float>(view.height)}};
  const Point focus{0, -0.10f * view.half_height};
  return pixels * moved(focus) * scaled(zoom, zoom) * moved(focus * -1.0f) * moved({-camera.shift * depth, 0});
}

Pose pose_of(const Scene& scene, std::size_t index, double seconds, const View& view) {
  const Actor& actor = scene.actors[index];
  const SubjectLook& look = look_of(actor.subject);
  const auto key = static_cast<std::uint32_t>(index);
  const Lane lane = lane_of(actor, scene.place);
  Pose pose;
  const Arrangement arrangement = arrange(scene, view);
  pose.scale = own_half_width(actor) / look.half_width * arrangement.factor;
  pose.offset = 2 * kPi * detail(scene.detail_seed, 2, key);
  const float full_scale = pose.scale;
  pose.on_ground = lane == Lane::ground;
  pose.at.y = lane_height(scene, index, lane, view);
  pose.ground = pose.at.y;
  if (lane == Lane::air || lane == Lane::underwater) pose.at.y -= look.center.y * pose.scale;

  // Everybody leaves before anybody comes back, so that relations last.
  const float half = view.half_width + 1.15f * arrangement.extent + 0.05f;
  const float slot = arrangement.center[index];
  const float start = 0.07f * (detail(scene.detail_seed, 3, 0) - 0.5f);
  const CameraState camera = camera_at(scene.camera, seconds);
  const float t = static_cast<float>(seconds);
  if (moves_sideways(actor)) {
    const float sign = actor.direction == Direction::left ? -1.0f : 1.0f;
    const float speed = sideways_speed(actor, scene.actors.size()) * 2 * view.half_width;
    pose.facing = sign;
    // Undone by the zoom, so that the way on the screen is what the speed says.
    pose.at.x = slot + wrapped(start + sign * speed * (seconds - kMiddle), half) / camera.zoom;
    pose.phase = phase_of(actor, speed * t, pose.scale, look.stride, t) + pose.offset;
    if (look.turns_by_flight && actor.action == Action::fly) pose.angle = sign * -1.25f;
  } else {
    pose.facing = detail(scene.detail_seed, 4, 0) < 0.5f ? 1.0f : -1.0f;
    pose.at.x = slot + wrapped(start - camera.shift, half);
    pose.phase = phase_of(actor, 0, pose.scale, look.stride, t);
  }
  // So far x was on the screen; the camera takes its own way off again.
  pose.at.x += camera.shift;
  move_upright(pose, actor, seconds, view);
  move_in_place(pose, actor, t);
  // What grows in the air grows around its middle.
  if (lane == Lane::air) pose.at.y += look.center.y * (full_scale - pose.scale);
  return pose;
}

Transform to_world(const Pose& pose, Point center) {
  const float wide = 1.0f / pose.stretch;
  return moved(pose.at) * scaled(pose.scale, pose.scale) * moved(center) * turned(pose.angle) * moved(center * -1.0f) *
         scaled(pose.facing * wide, pose.stretch);
}

float detail(std::uint64_t seed, std::uint32_t part, std::uint32_t key) {
  std::uint64_t x = seed + 0x9e3779b97f4a7c15ull * (part + 1) + 0xd1b54a32d192ed03ull * (key + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return static_cast<float>((x ^ (x >> 31)) >> 40) * 0x1p-24f;
}

}  // namespace hotshot::world
