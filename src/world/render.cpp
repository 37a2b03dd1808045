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

Motion motion_of(const Backdrop& backdrop, std::size_t index, const Pose& pose) {
  return {.action = backdrop.scene.actors[index].action,
          .phase = pose.phase,
          .seconds = backdrop.seconds,
          .offset = pose.offset,
          .tilt = pose.angle * pose.facing,
          .is_dark = backdrop.is_night(),
          .in_space = backdrop.scene.place == Place::space};
}

Brush world_brush(const Backdrop& backdrop) { return {backdrop.canvas, to_pixels(backdrop.view, backdrop.camera, 1)}; }

// The actor's shape, grown by its outline, in one colour.
void draw_outline(const Backdrop& backdrop, std::size_t index, const Pose& pose, Rgb color) {
  const Actor& actor = backdrop.scene.actors[index];
  const SubjectLook& subject = look_of(actor.subject);
  const float unit = static_cast<float>(std::min(backdrop.view.width, backdrop.view.height));
  const Brush body = world_brush(backdrop).at(to_world(pose, subject.center));
  subject.draw(body.outlining(std::max(0.75f, unit * 0.0075f), color), look_of(actor.color),
               motion_of(backdrop, index, pose));
}

void draw_actor(const Backdrop& backdrop, std::size_t index, const Pose& pose) {
  const Scene& scene = backdrop.scene;
  const Actor& actor = scene.actors[index];
  const SubjectLook& subject = look_of(actor.subject);
  const Brush world = world_brush(backdrop);
  if (pose.on_ground) draw_shadow(world, pose, subject);
  draw_outline(backdrop, index, pose, outline_color(scene, actor.color));
  subject.draw(world.at(to_world(pose, subject.center)).lit(light_on_actors(scene)), look_of(actor.color),
               motion_of(backdrop, index, pose));
}

// Calls draw(index, pose) for every actor, those further back first.
template <class Draw>
void each_actor(const Backdrop& backdrop, double seconds, const Draw& draw) {
  const std::size_t count = backdrop.scene.actors.size();
  std::array<Pose, 3> poses;
  std::array<std::size_t, 3> order{0, 1, 2};
  for (std::size_t i = 0; i < count; ++i) poses[i] = pose_of(backdrop.scene, i, seconds, backdrop.view);
  std::stable_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                   [&](std::size_t a, std::size_t b) { return poses[a].ground > poses[b].ground; });
  for (std::size_t i = 0; i < count; ++i) draw(order[i], poses[order[i]]);
}

Backdrop backdrop_at(const Scene& scene, double seconds, Canvas& canvas) {
  const View view(canvas.width(), canvas.height());
  return {scene, view, camera_at(scene.camera, seconds), static_cast<float>(seconds), canvas};
}

void paint_cover(const Scene& scene, double seconds, Canvas& canvas) {
  std::fill_n(canvas.row(0), static_cast<std::size_t>(canvas.width()) * canvas.height(), Rgb{});
  const Backdrop backdrop = backdrop_at(scene, seconds, canvas);
  each_actor(backdrop, seconds, [&](std::size_t index, const Pose& pose) {
    draw_outline(backdrop, index, pose, {1, 1, 1});
  });
}

Frames render_with(void (*paint_moment)(const Scene&, double, Canvas&), const Scene& scene,
                   const RenderOptions& options) {
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
    paint_moment(scene, seconds, canvas);
    canvas.write(frames.frame(i));
  }
  return frames;
}

}  // namespace

void paint(const Scene& scene, double seconds, Canvas& canvas) {
  const Backdrop backdrop = backdrop_at(scene, seconds, canvas);
  draw_place(backdrop);
  each_actor(backdrop, seconds, [&](std::size_t index, const Pose& pose) { draw_actor(backdrop, index, pose); });
  draw_foreground(backdrop);
  draw_weather(backdrop);
}

Frames render(const Scene& scene, const RenderOptions& options) { return render_with(paint, scene, options); }

Frames render_cover(const Scene& scene, const RenderOptions& options) {
  return render_with(paint_cover, scene, options);
}

}  // namespace hotshot::world
