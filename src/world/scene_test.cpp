#include "world/scene.h"

#include <gtest/gtest.h>

#include <set>

#include "world/caption.h"
#include "world/grammar.h"
#include "world/split.h"

namespace hotshot::world {
namespace {

TEST(Scene, DependsOnSeedIndexAndSplitAlone) {
  const Scene later = sample_scene(7, 41, Split::train);
  for (std::uint64_t i = 0; i < 10; ++i) sample_scene(7, i, Split::train);
  EXPECT_EQ(later, sample_scene(7, 41, Split::train));
  EXPECT_NE(later, sample_scene(8, 41, Split::train));
  EXPECT_NE(later, sample_scene(7, 42, Split::train));
  EXPECT_NE(later, sample_scene(7, 41, Split::held_out));
}

// Shipped models learned these very scenes: a change here is a new world and needs new models.
TEST(Scene, StaysWhatModelsWereTrainedOn) {
  const auto said = [](std::uint64_t index, Split split) {
    return caption(sample_scene(1, index, split), Language::english, CaptionLength::full, 0);
  };
  EXPECT_EQ(said(0, Split::train),
            "Three brown butterflies fly to the left over the meadow during the day. The camera zooms out.");
  EXPECT_EQ(said(2, Split::train), "A brown fish swims quickly to the right in the sea at night. The camera is still.");
  EXPECT_EQ(said(0, Split::held_out), "Two green elephants sit in the city at night. The camera is still.");
  EXPECT_EQ(sample_scene(1, 0, Split::train).detail_seed, 1965883092483893u);
  EXPECT_EQ(sample_scene(1, 2, Split::train).detail_seed, 1718588079652405u);
}

TEST(Scene, SplitsNeverMeet) {
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const Scene train = sample_scene(1, i, Split::train);
    ASSERT_FALSE(is_held_out(train)) << i;
    ASSERT_EQ(complaint(train), "") << i;
  }
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const Scene held_out = sample_scene(1, i, Split::held_out);
    ASSERT_TRUE(is_held_out(held_out)) << i;
    ASSERT_EQ(complaint(held_out), "") << i;
  }
}

TEST(Scene, TheGuestIsAloneAndElsewhereInItsOwnSplits) {
  std::set<Place> home, away;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    for (const Split split : {Split::guest, Split::guest_away}) {
      const Scene scene = sample_scene(3, i, split);
      ASSERT_EQ(complaint(scene), "") << i;
      ASSERT_EQ(scene.actors.size(), 1u) << i;
      ASSERT_TRUE(is_guest(scene.actors[0].subject)) << i;
      ASSERT_EQ(scene.actors[0].color, Color::gray) << i;
      (split == Split::guest ? home : away).insert(scene.place);
    }
    for (const Split split : {Split::train, Split::held_out}) {
      for (const Actor& actor : sample_scene(3, i, split).actors) ASSERT_FALSE(is_guest(actor.subject)) << i;
    }
  }
  EXPECT_EQ(home, (std::set{Place::meadow, Place::forest, Place::city, Place::room}));
  EXPECT_EQ(away, (std::set{Place::desert, Place::snow, Place::space}));
}

TEST(Scene, EveryValueIsSampledForTraining) {
  std::set<int> subjects, colors, actions, directions, speeds, sizes, places, times, weathers, cameras, relations,
      counts;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const Scene scene = sample_scene(2, i, Split::train);
    for (const Actor& actor : scene.actors) {
      subjects.insert(static_cast<int>(actor.subject));
      colors.insert(static_cast<int>(actor.color));
      actions.insert(static_cast<int>(actor.action));
      directions.insert(static_cast<int>(actor.direction));
      speeds.insert(static_cast<int>(actor.speed));
      sizes.insert(static_cast<int>(actor.size));
    }
    places.insert(static_cast<int>(scene.place));
    times.insert(static_cast<int>(scene.time));
    weathers.insert(static_cast<int>(scene.weather));
    cameras.insert(static_cast<int>(scene.camera));
    relations.insert(static_cast<int>(scene.relation));
    counts.insert(static_cast<int>(scene.actors.size()));
  }
  EXPECT_EQ(subjects.size(), 16u);
  EXPECT_EQ(colors.size(), 11u);
  EXPECT_EQ(actions.size(), 16u);
  EXPECT_EQ(directions.size(), 5u);
  EXPECT_EQ(speeds.size(), 3u);
  EXPECT_EQ(sizes.size(), 3u);
  EXPECT_EQ(places.size(), 8u);
  EXPECT_EQ(times.size(), 3u);
  EXPECT_EQ(weathers.size(), 3u);
  EXPECT_EQ(cameras.size(), 5u);
  EXPECT_EQ(relations.size(), 4u);
  EXPECT_EQ(counts.size(), 3u);
}

TEST(Split, EveryHeldOutCombinationOccurs) {
  for (const Combination& combination : held_out_combinations()) {
    bool found = false;
    for (std::uint64_t i = 0; i < 6000 && !found; ++i) {
      found = matches(combination, sample_scene(3, i, Split::held_out));
    }
    EXPECT_TRUE(found) << "row " << &combination - held_out_combinations().data();
  }
}

TEST(Split, MatchesOneActorNotAMixture) {
  const Actor car{.subject = Subject::car, .color = Color::red, .action = Action::drive, .direction = Direction::left};
  const Actor train{
      .subject = Subject::train, .color = Color::green, .action = Action::drive, .direction = Direction::left};
  Scene scene{.actors = {train, car}, .relation = Relation::left_of, .time = TimeOfDay::night};
  EXPECT_TRUE(is_held_out(scene));
  std::swap(scene.actors[0].color, scene.actors[1].color);
  EXPECT_FALSE(is_held_out(scene));
  scene.actors[0].color = Color::green;
  scene.time = TimeOfDay::day;
  EXPECT_FALSE(is_held_out(scene));
}

TEST(Grammar, NamesWhatCannotBe) {
  const Actor fish{.subject = Subject::fish, .action = Action::swim, .direction = Direction::left};
  Scene scene{.actors = {fish}, .place = Place::sea};
  EXPECT_EQ(complaint(scene), "");
  scene.place = Place::desert;
  EXPECT_EQ(complaint(scene), "a fish is in desert");
  scene.place = Place::sea;
  scene.actors[0].direction = Direction::up;
  EXPECT_EQ(complaint(scene), "swim has direction up");
  scene.actors = {};
  EXPECT_NE(complaint(scene), "");
}

}  // namespace
}  // namespace hotshot::world
