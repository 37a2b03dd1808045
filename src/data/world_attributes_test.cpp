#include "data/world_attributes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

namespace hotshot::data {
namespace {

using namespace world;

std::string answer(const Scene& scene, std::string_view name) {
  for (const WorldAttribute& attribute : world_attributes()) {
    if (attribute.name != name) continue;
    const int index = attribute.answer(scene);
    return index < 0 ? "" : attribute.classes.at(static_cast<std::size_t>(index));
  }
  return "no such attribute";
}

Scene cat_and_dog(Relation relation) {
  return {
      .actors = {{.subject = Subject::cat, .color = Color::red, .action = Action::walk, .direction = Direction::left},
                 {.subject = Subject::dog, .color = Color::blue, .action = Action::run, .direction = Direction::left}},
      .relation = relation};
}

TEST(WorldAttributes, SayWhatASceneShows) {
  const Scene scene{.actors = {{.subject = Subject::car,
                                .color = Color::green,
                                .action = Action::drive,
                                .direction = Direction::right,
                                .speed = Speed::fast}},
                    .place = Place::city,
                    .time = TimeOfDay::night,
                    .weather = Weather::rain,
                    .camera = Camera::zoom_in};
  EXPECT_EQ(answer(scene, "subject"), "car");
  EXPECT_EQ(answer(scene, "color"), "green");
  EXPECT_EQ(answer(scene, "action"), "drive");
  EXPECT_EQ(answer(scene, "direction"), "right");
  EXPECT_EQ(answer(scene, "speed"), "fast");
  EXPECT_EQ(answer(scene, "place"), "city");
  EXPECT_EQ(answer(scene, "time"), "night");
  EXPECT_EQ(answer(scene, "weather"), "rain");
  EXPECT_EQ(answer(scene, "camera"), "zoom_in");
  EXPECT_EQ(answer(scene, "count"), "one");
  EXPECT_EQ(answer(scene, "relation"), "none");
  EXPECT_EQ(answer(scene, "second_subject"), "");
}

TEST(WorldAttributes, OneWhoCannotHurryHasNoSpeed) {
  EXPECT_EQ(answer({.actors = {{.action = Action::sit}}}, "speed"), "");
}

TEST(WorldAttributes, RightOfIsLeftOfSeenFromTheOther) {
  const Scene right = cat_and_dog(Relation::right_of);
  EXPECT_EQ(answer(right, "subject"), "dog");
  EXPECT_EQ(answer(right, "second_subject"), "cat");
  Scene left = cat_and_dog(Relation::left_of);
  EXPECT_EQ(answer(left, "subject"), "cat");
  std::swap(left.actors[0], left.actors[1]);
  EXPECT_EQ(world_answers(left, 8), world_answers(right, 8));
}

TEST(WorldAttributes, APictureIsNotAskedForMotion) {
  const std::set<std::string_view> moving{"action", "direction", "speed", "camera"};
  const Scene scene = sample_scene(7, 3, Split::train);
  const std::vector<int> clip = world_answers(scene, 2), picture = world_answers(scene, 1);
  for (std::size_t i = 0; i < clip.size(); ++i) {
    const WorldAttribute& attribute = world_attributes()[i];
    EXPECT_EQ(attribute.needs_motion, moving.contains(attribute.name)) << attribute.name;
    EXPECT_EQ(picture[i], attribute.needs_motion ? -1 : clip[i]) << attribute.name;
  }
}

TEST(WorldAttributes, EveryAnswerIsOneOfItsClassesAndEachOccurs) {
  std::vector<std::vector<int>> seen;
  for (const WorldAttribute& attribute : world_attributes()) seen.emplace_back(attribute.classes.size(), 0);
  for (std::uint64_t index = 0; index < 4000; ++index) {
    const Split split = index % 20 == 0 ? Split::guest : Split::train;
    const std::vector<int> answers = world_answers(sample_scene(7, index, split), 8);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i] < 0) continue;
      ASSERT_LT(static_cast<std::size_t>(answers[i]), seen[i].size()) << world_attributes()[i].name;
      ++seen[i][static_cast<std::size_t>(answers[i])];
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(std::count(seen[i].begin(), seen[i].end(), 0), 0) << world_attributes()[i].name;
  }
}

}  // namespace
}  // namespace hotshot::data
