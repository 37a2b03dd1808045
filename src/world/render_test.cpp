#include "world/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

#include "base/error.h"
#include "world/canvas.h"
#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

// Where an actor is on the screen: the pixels that change with its colour alone.
struct Mark {
  double x = 0, y = 0;  // pixels, y down
  double area = 0;      // pixels
  int top = 1 << 20, bottom = -1;
};

std::optional<Mark> find_actor(Scene scene, std::size_t index, double seconds, int size) {
  const RenderOptions options{.width = size, .height = size, .frames = 1, .start_seconds = seconds};
  scene.actors[index].color = Color::red;
  const Frames one = render(scene, options);
  scene.actors[index].color = Color::blue;
  const Frames other = render(scene, options);
  Mark mark;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const std::size_t at = (static_cast<std::size_t>(y) * size + x) * 3;
      int change = 0;
      for (std::size_t c = 0; c < 3; ++c) change += std::abs(one.pixels[at + c] - other.pixels[at + c]);
      if (change < 90) continue;
      mark.x += x;
      mark.y += y;
      mark.area += 1;
      mark.top = std::min(mark.top, y);
      mark.bottom = std::max(mark.bottom, y);
    }
  }
  if (mark.area < 8) return std::nullopt;
  mark.x /= mark.area;
  mark.y /= mark.area;
  return mark;
}

TEST(Render, TheCoverIsWhereTheActorsAre) {
  int actors_seen = 0;
  for (std::uint64_t index = 0; index < 12; ++index) {
    Scene scene = sample_scene(5, index, Split::train);
    const RenderOptions options{.width = 96, .height = 64, .frames = 3, .rate = {1, 1}};
    const Frames cover = render_cover(scene, options);
    for (Actor& actor : scene.actors) actor.color = Color::red;
    const Frames red = render(scene, options);
    for (Actor& actor : scene.actors) actor.color = Color::green;
    const Frames green = render(scene, options);
    for (std::size_t at = 0; at < cover.pixels.size(); at += 3) {
      ASSERT_EQ(cover.pixels[at], cover.pixels[at + 1]);
      int change = 0;
      for (std::size_t c = 0; c < 3; ++c) change += std::abs(red.pixels[at + c] - green.pixels[at + c]);
      if (change < 120) continue;
      ++actors_seen;
      ASSERT_GT(cover.pixels[at], 120) << "scene " << index << " byte " << at;
    }
    const auto white = std::count(cover.pixels.begin(), cover.pixels.end(), 255);
    EXPECT_LT(white, static_cast<std::ptrdiff_t>(cover.pixels.size() / 2));
  }
  EXPECT_GT(actors_seen, 1000);
}

TEST(Render, IsDeterministicInAnyThread) {
  const Scene scene = sample_scene(1, 3, Split::train);
  const RenderOptions options{.frames = 5};
  const Frames expected = render(scene, options);
  Frames here, there;
  std::thread a([&] { here = render(scene, options); });
  std::thread b([&] { there = render(scene, options); });
  a.join();
  b.join();
  EXPECT_EQ(expected.pixels, here.pixels);
  EXPECT_EQ(expected.pixels, there.pixels);
}

TEST(Render, FrameDoesNotDependOnWhereTheClipBegins) {
  for (const Rational rate : {Rational{8, 1}, Rational{24000, 1001}}) {
    for (std::uint64_t i = 0; i < 20; ++i) {
      const Scene scene = sample_scene(2, i, Split::train);
      const Frames whole = render(scene, {.width = 48, .height = 48, .frames = 12, .rate = rate});
      const double start = 7.0 * rate.den / rate.num;
      const Frames part = render(scene, {.width = 48, .height = 48, .frames = 5, .rate = rate, .start_seconds = start});
      for (int k = 0; k < 5; ++k) {
        EXPECT_TRUE(std::equal(part.frame(k), part.frame(k) + part.frame_bytes(), whole.frame(7 + k))) << i << " " << k;
      }
    }
  }
}

TEST(Render, AnySizeAndLength) {
  const Scene scene = sample_scene(3, 1, Split::train);
  for (auto [width, height] : {std::pair{16, 16}, {17, 33}, {640, 360}, {90, 160}, {4096, 16}, {16, 4096}}) {
    const Frames frames = render(scene, {.width = width, .height = height, .frames = 1, .start_seconds = 1e5});
    EXPECT_EQ(frames.width, width);
    EXPECT_EQ(frames.height, height);
    EXPECT_EQ(frames.pixels.size(), static_cast<std::size_t>(width) * height * 3);
  }
  EXPECT_THROW(render(scene, {.width = 15}), InvalidArgument);
  EXPECT_THROW(render(scene, {.height = 4097}), InvalidArgument);
  EXPECT_THROW(render(scene, {.frames = 0}), InvalidArgument);
  EXPECT_THROW(render(scene, {.rate = {0, 1}}), InvalidArgument);
  EXPECT_THROW(render(scene, {.start_seconds = std::nan("")}), InvalidArgument);
  EXPECT_THROW(render(Scene{}, {}), InvalidArgument);
}

TEST(Render, EverySubjectInEveryPlaceHasProperPixels) {
  int painted = 0;
  for (const auto& subject : words<Subject>()) {
    for (const auto& place : words<Place>()) {
      for (const auto& action : words<Action>()) {
        if (!can_do(subject.value, action.value, place.value)) continue;
        Scene scene{.actors = {{.subject = subject.value, .action = action.value}}, .place = place.value};
        if (is_guest(subject.value)) scene.actors[0].color = Color::gray;
        scene.time = TimeOfDay::night;
        for (const auto& direction : words<Direction>()) {
          if (can_go(action.value, direction.value)) scene.actors[0].direction = direction.value;
        }
        ASSERT_EQ(complaint(scene), "");
        Canvas canvas(40, 40);
        paint(scene, 1.1, canvas);
        ++painted;
        for (int y = 0; y < 40; ++y) {
          for (int x = 0; x < 40; ++x) {
            const Rgb pixel = canvas.row(y)[x];
            for (float value : {pixel.r, pixel.g, pixel.b}) {
              ASSERT_TRUE(value >= -1e-3f && value <= 1.05f) << subject.name << " " << place.name << " " << value;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(painted, 100);
}

TEST(Render, ActorsMoveAsTheTruthSays) {
  int checked = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const Scene scene = sample_scene(21, i, Split::train);
    const Actor& actor = scene.actors[0];
    if (scene.actors.size() > 1 || actor.direction == Direction::none) continue;
    const auto early = find_actor(scene, 0, 0.5, 64), late = find_actor(scene, 0, 2.5, 64);
    ASSERT_TRUE(early && late) << i;
    const double right = late->x - early->x, up = early->y - late->y;
    const double way = actor.direction == Direction::left    ? -right
                       : actor.direction == Direction::right ? right
                       : actor.direction == Direction::up    ? up
                                                             : -up;
    EXPECT_GT(way, 64 * 0.08) << i << " " << word(actor.subject).name << " " << word(actor.direction).name;
    ++checked;
  }
  EXPECT_GT(checked, 100);
}

TEST(Render, FasterActorsGoFarther) {
  Scene scene{.actors = {{.subject = Subject::car, .action = Action::drive, .direction = Direction::right}}};
  double before = 0;
  for (Speed speed : {Speed::slow, Speed::normal, Speed::fast}) {
    scene.actors[0].speed = speed;
    const double way = find_actor(scene, 0, 2.2, 128)->x - find_actor(scene, 0, 0.8, 128)->x;
    EXPECT_GT(way, before + 6);
    before = way;
  }
}

TEST(Render, RelationsHoldOnTheScreen) {
  int checked = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Scene scene = sample_scene(22, i, Split::train);
    if (scene.relation == Relation::none) continue;
    for (double seconds : {0.3, 1.5, 2.7}) {
      const auto first = find_actor(scene, 0, seconds, 64), second = find_actor(scene, 1, seconds, 64);
      if (!first || !second) continue;
      ++checked;
      if (scene.relation == Relation::left_of) {
        EXPECT_LT(first->x + 3, second->x) << i << " " << seconds;
      }
      if (scene.relation == Relation::right_of) {
        EXPECT_GT(first->x, second->x + 3) << i << " " << seconds;
      }
      if (scene.relation == Relation::above) {
        EXPECT_LT(first->y + 3, second->y) << i << " " << seconds;
      }
    }
  }
  EXPECT_GT(checked, 100);
}

TEST(Render, SubjectsAreLargeAndInThePicture) {
  int checked = 0;
  for (std::uint64_t i = 0; i < 250; ++i) {
    const Scene scene = sample_scene(23, i, Split::train);
    const double room = scene.actors.size() == 1 ? 1 : 0.5;
    for (std::size_t k = 0; k < scene.actors.size(); ++k) {
      const auto mark = find_actor(scene, k, 1.5, 64);
      ASSERT_TRUE(mark) << i;
      if (scene.actors[k].size == Size::normal && scene.actors[k].action != Action::grow) {
        EXPECT_GT(mark->area, 64 * 64 * 0.02 * room) << i << " " << word(scene.actors[k].subject).name;
        EXPECT_GT(mark->bottom - mark->top, 64 * 0.14 * (scene.actors.size() == 3 ? 0.7 : 1))
            << i << " " << word(scene.actors[k].subject).name;
        EXPECT_LT(mark->bottom - mark->top, 64 * 0.62) << i << " " << word(scene.actors[k].subject).name;
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 250);
}

TEST(Render, CameraAndWeatherAreVisible) {
  Scene scene{.actors = {{.subject = Subject::cat, .action = Action::sit}}, .place = Place::city};
  const auto difference = [](const Scene& a, const Scene& b) {
    const RenderOptions options{.width = 64, .height = 64, .frames = 1, .start_seconds = 0.2};
    const Frames x = render(a, options), y = render(b, options);
    double sum = 0;
    for (std::size_t i = 0; i < x.pixels.size(); ++i) sum += std::abs(x.pixels[i] - y.pixels[i]);
    return sum / static_cast<double>(x.pixels.size());
  };
  for (Camera camera : {Camera::pan_left, Camera::pan_right, Camera::zoom_in, Camera::zoom_out}) {
    Scene moved = scene;
    moved.camera = camera;
    EXPECT_GT(difference(scene, moved), 2.0) << word(camera).name;
  }
  for (Weather weather : {Weather::rain, Weather::snow}) {
    Scene wet = scene;
    wet.weather = weather;
    EXPECT_GT(difference(scene, wet), 2.0) << word(weather).name;
  }
}

}  // namespace
}  // namespace hotshot::world
