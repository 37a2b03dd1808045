#include "world/caption.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "world/grammar.h"
#include "world/truth.h"

namespace hotshot::world {
namespace {

constexpr CaptionLength kLengths[] = {CaptionLength::brief, CaptionLength::medium, CaptionLength::full};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> result;
  std::string token;
  for (char letter : text + " ") {
    if (std::isalpha(static_cast<unsigned char>(letter))) {
      token += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    } else if (!token.empty()) {
      result.insert(token);
      token.clear();
    }
  }
  return result;
}

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : 9;
    if (i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += more + 1;
  }
  return true;
}

template <class Visit>
void for_each_caption(Language language, int scenes, const Visit& visit) {
  for (int i = 0; i < scenes; ++i) {
    const Scene scene = sample_scene(11, static_cast<std::uint64_t>(i), i % 5 == 0 ? Split::held_out : Split::train);
    for (CaptionLength length : kLengths) {
      const std::uint64_t variant = static_cast<std::uint64_t>(i) * 2654435761u;
      visit(scene, length, caption(scene, language, length, variant));
    }
  }
}

Scene one(Actor actor, Place place) { return {.actors = {actor}, .place = place}; }

TEST(EnglishCaption, SaysWhatWasAskedFor) {
  Scene scene = one({.subject = Subject::car, .action = Action::drive, .direction = Direction::left}, Place::snow);
  scene.time = TimeOfDay::night;
  EXPECT_EQ(caption(scene, Language::english, CaptionLength::brief, 0), "a red car in the snow");
  EXPECT_EQ(caption(scene, Language::english, CaptionLength::brief, 2), "a red car in the snow at night");
  EXPECT_EQ(caption(scene, Language::english, CaptionLength::medium, 6),
            "a red car drives to the left through the snow at night");
  scene.camera = Camera::pan_right;
  scene.actors[0].speed = Speed::fast;
  scene.weather = Weather::snow;
  EXPECT_EQ(caption(scene, Language::english, CaptionLength::full, 0),
            "A red car drives quickly to the left in the snow at night while it snows. The camera pans right.");
}

TEST(EnglishCaption, CountsGroups) {
  const Actor balloon{
      .subject = Subject::balloon, .color = Color::green, .action = Action::rise, .direction = Direction::up};
  const Scene pair{.actors = {balloon, balloon}, .place = Place::city};
  EXPECT_EQ(caption(pair, Language::english, CaptionLength::medium, 0), "two green balloons rise over the city");
  const Actor fish{
      .subject = Subject::fish, .color = Color::orange, .action = Action::swim, .direction = Direction::right};
  const Scene shoal{.actors = {fish, fish, fish}, .place = Place::sea};
  EXPECT_EQ(caption(shoal, Language::english, CaptionLength::medium, 0),
            "three orange fish swim to the right in the sea");
  EXPECT_EQ(caption(shoal, Language::chinese, CaptionLength::medium, 0), "三条橙色的鱼在海里向右游");
}

TEST(EnglishCaption, RelatesPairs) {
  const Actor bird{.subject = Subject::bird, .color = Color::blue, .action = Action::fly, .direction = Direction::left};
  const Actor cat{.subject = Subject::cat, .color = Color::orange, .action = Action::sit};
  const Scene scene{.actors = {bird, cat}, .relation = Relation::above, .place = Place::meadow};
  EXPECT_EQ(caption(scene, Language::english, CaptionLength::brief, 1),
            "a blue bird above an orange cat in the meadow");
  EXPECT_EQ(
      caption(scene, Language::english, CaptionLength::medium, 0),
      "a blue bird flies to the left and an orange cat sits in the meadow, with the blue bird above the orange cat");
}

TEST(ChineseCaption, UsesMeasureWords) {
  Scene scene = one({.subject = Subject::cat, .action = Action::run, .direction = Direction::left}, Place::meadow);
  EXPECT_EQ(caption(scene, Language::chinese, CaptionLength::brief, 0), "一只红色的猫在草地上");
  EXPECT_EQ(caption(scene, Language::chinese, CaptionLength::medium, 0), "一只红色的猫在草地上向左奔跑");
  scene.actors[0] = {
      .subject = Subject::train, .action = Action::drive, .direction = Direction::right, .size = Size::big};
  scene.time = TimeOfDay::night;
  EXPECT_EQ(caption(scene, Language::chinese, CaptionLength::medium, 0), "夜晚，一列红色的大火车在草地上向右行驶");
  scene.actors[0] = {.subject = Subject::elephant, .color = Color::gray, .action = Action::sit, .size = Size::small};
  EXPECT_EQ(caption(scene, Language::chinese, CaptionLength::brief, 0), "一头灰色的小象在草地上");
}

TEST(EnglishCaption, MentionsTheTruthAndNothingElse) {
  for_each_caption(Language::english, 3000, [](const Scene& scene, CaptionLength length, const std::string& text) {
    const auto said = words_of(text);
    std::set<std::string> colors, subjects;
    for (const Actor& actor : scene.actors) {
      colors.emplace(word(actor.color).english);
      subjects.emplace(word(actor.subject).english);
    }
    for (const auto& row : words<Color>()) {
      EXPECT_EQ(said.contains(std::string(row.english)), colors.contains(std::string(row.english))) << text;
    }
    for (const auto& row : words<Subject>()) {
      const std::string name(row.english);
      const bool is_said =
          said.contains(name) || said.contains(name + "s") || (name == "butterfly" && said.contains("butterflies"));
      EXPECT_EQ(is_said, subjects.contains(name)) << text;
    }
    for (const auto& row : words<Place>()) {
      if (row.value == Place::snow) continue;  // also a kind of weather
      EXPECT_EQ(
          said.contains(std::string(row.english)) || (row.value == Place::sea && contains(text, "under the water")),
          row.value == scene.place)
          << text;
    }
    if (scene.time != TimeOfDay::night) {
      EXPECT_FALSE(said.contains("night")) << text;
    }
    if (scene.time != TimeOfDay::sunset) {
      EXPECT_FALSE(said.contains("sunset")) << text;
    }
    if (scene.time != TimeOfDay::day) {
      EXPECT_FALSE(said.contains("day")) << text;
    }
    if (scene.weather != Weather::rain) {
      EXPECT_FALSE(said.contains("rain") || said.contains("rains")) << text;
    }
    const auto drops = [](const Actor& actor) { return actor.action == Action::fall; };
    const bool may_fall = scene.weather == Weather::snow || std::ranges::any_of(scene.actors, drops);
    EXPECT_TRUE(may_fall || !(said.contains("snows") || said.contains("falls"))) << text;
    if (length == CaptionLength::brief) return;
    if (scene.place != Place::space && scene.time != TimeOfDay::day) {
      EXPECT_TRUE(contains(text, scene.time == TimeOfDay::night ? "t night" : "t sunset")) << text;
    }
    if (scene.weather == Weather::rain) {
      EXPECT_TRUE(said.contains("rain") || said.contains("rains")) << text;
    }
    EXPECT_EQ(said.contains("camera"), length == CaptionLength::full) << text;
  });
}

TEST(EnglishCaption, SaysDirectionsAndSpeedsTruly) {
  for_each_caption(Language::english, 3000, [](const Scene& scene, CaptionLength length, const std::string& text) {
    const std::string motion = text.substr(0, text.find(". The camera"));
    if (scene.actors.size() > 1 && scene.relation != Relation::none) return;
    const Actor& actor = scene.actors[0];
    if (actor.direction != Direction::left) {
      EXPECT_FALSE(words_of(motion).contains("left")) << text;
    }
    if (actor.direction != Direction::right) {
      EXPECT_FALSE(words_of(motion).contains("right")) << text;
    }
    const bool slow = words_of(motion).contains("slowly");
    const bool fast = words_of(motion).contains("quickly") || words_of(motion).contains("fast");
    EXPECT_EQ(slow, length == CaptionLength::full && actor.speed == Speed::slow) << text;
    EXPECT_EQ(fast, length == CaptionLength::full && actor.speed == Speed::fast) << text;
    if (length != CaptionLength::brief && moves_sideways(actor)) {
      EXPECT_TRUE(contains(motion, word(actor.direction).name)) << text;
    }
  });
}

TEST(EnglishCaption, IsGrammatical) {
  const std::regex wrong_article("\\b([Aa] [aeiou]|[Aa]n [^aeiou])");
  const std::regex untidy("  |^ | $|,,|\\.\\.| \\.| ,");
  const std::regex disagreement(
      "\\b(two|three) [a-z ]*(cat|dog|rabbit|elephant|bird|butterfly|whale|car|boat|plane|balloon|rocket|ball|star) ");
  for_each_caption(Language::english, 3000, [&](const Scene& scene, CaptionLength, const std::string& text) {
    EXPECT_FALSE(std::regex_search(text, wrong_article)) << text;
    EXPECT_FALSE(std::regex_search(text, untidy)) << text;
    EXPECT_FALSE(std::regex_search(text, disagreement)) << text;
    if (scene.actors.size() > 1 && scene.relation == Relation::none) {
      EXPECT_TRUE(contains(text, scene.actors.size() == 2 ? "wo " : "hree ")) << text;
      EXPECT_FALSE(contains(text, std::string(word(scene.actors[0].action).english) + "s ")) << text;
    }
  });
}

TEST(ChineseCaption, MentionsTheTruthAndNothingElse) {
  for_each_caption(Language::chinese, 3000, [](const Scene& scene, CaptionLength length, const std::string& text) {
    EXPECT_TRUE(is_utf8(text));
    std::set<Color> colors;
    for (const Actor& actor : scene.actors) colors.insert(actor.color);
    for (const auto& row : words<Color>()) EXPECT_EQ(contains(text, row.chinese), colors.contains(row.value)) << text;
    for (const Actor& actor : scene.actors) {
      const bool small_elephant = actor.subject == Subject::elephant && actor.size == Size::small;
      EXPECT_TRUE(contains(text, small_elephant ? "小象" : word(actor.subject).chinese)) << text;
    }
    EXPECT_EQ(contains(text, "夜"), contains(text, "夜") && scene.time == TimeOfDay::night) << text;
    if (scene.time != TimeOfDay::sunset) {
      EXPECT_FALSE(contains(text, "日落")) << text;
    }
    EXPECT_EQ(contains(text, "下着雨"), length != CaptionLength::brief && scene.weather == Weather::rain) << text;
    EXPECT_EQ(contains(text, "下着雪"), length != CaptionLength::brief && scene.weather == Weather::snow) << text;
    EXPECT_EQ(contains(text, "镜头"), length == CaptionLength::full) << text;
    if (scene.relation == Relation::none) {
      constexpr std::string_view kNumbers[] = {"一", "两", "三"};
      EXPECT_TRUE(contains(text, kNumbers[scene.actors.size() - 1])) << text;
      const std::string motion = text.substr(0, text.find("镜头"));
      if (scene.actors[0].direction != Direction::left) {
        EXPECT_FALSE(contains(motion, "向左")) << text;
      }
      if (scene.actors[0].direction != Direction::right) {
        EXPECT_FALSE(contains(motion, "向右")) << text;
      }
    }
  });
}

TEST(Caption, VariantsDifferAndRepeat) {
  Scene scene = one({.subject = Subject::dog, .action = Action::walk, .direction = Direction::left}, Place::meadow);
  for (Language language : {Language::english, Language::chinese}) {
    std::set<std::string> phrasings;
    for (std::uint64_t variant = 0; variant < 500; ++variant) {
      phrasings.insert(caption(scene, language, CaptionLength::full, variant));
      ASSERT_EQ(caption(scene, language, CaptionLength::full, variant),
                caption(scene, language, CaptionLength::full, variant));
    }
    EXPECT_GE(phrasings.size(), 4u);
  }
}

}  // namespace
}  // namespace hotshot::world
