#include "world/render.h"

#include <array>

#include "base/error.h"
#include "world/grammar.h"
#include "world/scenery.h"
#include "world/subject.h"

namespace hotshot::world {
namespace {

void draw_shadow(const Brush& world, const Pose& pose, const SubjectLook& look) {
  const float lift = std::max(0.0f, pose.at.y - pose.ground);
  const float size = 1.0f / (1.0f + 2.5f * lift);
  world.ellipse({pose.at.x, pose.ground}, look.half_width * pose.scale * 0.92f * size, 0.028f * size,
                Fill{{0.10f, 0.08f, 0.20f}, {0.10f, 0.08f, 0.20f}, 0.34f * size, 0.025f});
}

Rgb outline_color(const Scene& scene, Color color) {
  if (color == Color::black) return {0.80f, 0.80f, 0.88f};
  return scene.time == TimeOfDay::night ? Rgb{0.08f, 0.06f, 0.16f} : Rgb{0.22f, 0.14f, 0.20f};
}

void draw_actor(const Backdrop& backdrop, std::size_t index, const Pose& pose) {
  const Scene& scene = backdrop.scene;
  const Actor& actor = scene.actors[index];
  const SubjectLook& subject = look_of(actor.subject);
  const Brush world(backdrop.canvas, to_pixels(backdrop.view, backdrop.camera, 1));
  if (pose.on_ground) draw_shadow(world, pose, subject);
  const Brush body = world.at(to_world(pose, subject.center)).lit(light_on_actors(scene));
  const Motion motion{.action = actor.action,
                      .phase = pose.phase,
                      .seconds = backdrop.seconds,
                      .offset = pose.offset,
                      .tilt = pose.angle * pose.facing,
                      .is_dark = backdrop.is_night(),
                      .in_space = scene.place == Place::space};
  const Look look = look_of(actor.color);
  const float unit = static_cast<float>(std::min(backdrop.view.width, backdrop.view.height));
  subject.draw(body.outlining(std::max(0.75f, unit * 0.0075f), outline_color(scene, actor.color)), look, motion);
  subject.draw(body, look, motion);
}

void draw_actors(const Backdrop& backdrop, double seconds) {
  const std::size_t count = backdrop.scene.actors.size();
  std::array<Pose, 3> poses;
  std::array<std::size_t, 3> order{0, 1, 2};
  for (std::size_t i = 0; i < count; ++i) poses[i] = pose_of(backdrop.scene, i, seconds, backdrop.view);
  std::stable_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                   [&](std::size_t a, std::size_t b) { return poses[a].ground > poses[b].ground; });
  for (std::size_t i = 0; i < count; ++i) draw_actor(backdrop, order[i], poses[order[i]]);
}

}  // namespace

void paint(const Scene& scene, double seconds, Canvas& canvas) {
  const View view(canvas.width(), canvas.height());
  const Backdrop backdrop{scene, view, camera_at(scene.camera, seconds), static_cast<float>(seconds), canvas};
  draw_place(backdrop);
  draw_actors(backdrop, seconds);
  draw_foreground(backdrop);
  draw_weather(backdrop);
}

Frames render(const Scene& scene, const RenderOptions& options) {
  const auto in_range = [](int size) { return size >= 16 && size <= 4096; };
  require(in_range(options.width) && in_range(options.height), "world.render",
          "expected a size of 16x16 to 4096x4096 but got {}x{}", options.width, options.height);
  require(options.frames >= 1 && options.frames <= 100000, "world.render", "expected 1 to 100000 frames but got {}",
          options.frames);
  require(options.rate.num > 0 && options.rate.den > 0, "world.render", "expected a positive frame rate but got {}/{}",
          options.rate.num, options.rate.den);
  require(std::isfinite(options.start_seconds) && std::abs(options.start_seconds) <= 1e6, "world.render",
          "expected a start within 1000000 seconds but got {}", options.start_seconds);
  require(!scene.actors.empty() && scene.actors.size() <= 3, "world.render", "expected 1 to 3 actors but got {}",
          scene.actors.size());
  Frames frames(options.frames, options.height, options.width);
  Canvas canvas(options.width, options.height);
  for (int i = 0; i < options.frames; ++i) {
    // Rounded to a microsecond, so that frame k does not depend on where the clip began.
    const double exact = options.start_seconds + static_cast<double>(i) * options.rate.den / options.rate.num;
    const double seconds = std::round(exact * 1e6) / 1e6;
    paint(scene, seconds, canvas);
    canvas.write(frames.frame(i));
  }
  return frames;
}

}  // namespace hotshot::world
