#include "world/truth.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

namespace hotshot::world {
namespace {

template <class Enum>
void expect_complete(Enum last) {
  const auto rows = words<Enum>();
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(last) + 1);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(rows[i].value), i);
    EXPECT_FALSE(rows[i].name.empty());
    EXPECT_EQ(parse<Enum>(rows[i].name), rows[i].value);
    names.insert(rows[i].name);
  }
  EXPECT_EQ(names.size(), rows.size());
  EXPECT_EQ(parse<Enum>("no such name"), std::nullopt);
}

TEST(Truth, TablesAreCompleteAndInOrder) {
  expect_complete(Subject::robot);
  expect_complete(Color::gray);
  expect_complete(Action::twinkle);
  expect_complete(Direction::down);
  expect_complete(Speed::fast);
  expect_complete(Size::big);
  expect_complete(Place::room);
  expect_complete(TimeOfDay::night);
  expect_complete(Weather::snow);
  expect_complete(Camera::zoom_out);
  expect_complete(Relation::above);
  expect_complete(Split::guest_away);
}

TEST(Truth, GoesThroughJsonAndBack) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const Scene scene = sample_scene(4, i, i % 2 == 0 ? Split::train : Split::held_out);
    const nlohmann::json object = truth(scene);
    EXPECT_EQ(scene_from_truth(nlohmann::json::parse(object.dump())), scene);
    EXPECT_EQ(object["held_out"].get<bool>(), i % 2 == 1);
    EXPECT_EQ(object["count"].get<std::size_t>(), scene.actors.size());
  }
}

TEST(Truth, RefusesUnknownNamesAndImpossibleScenes) {
  const auto message = [](const char* text) {
    try {
      scene_from_truth(nlohmann::json::parse(text));
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message(R"({"actors":[{"subject":"dragon"}]})").find("rabbit"), std::string::npos);
  EXPECT_NE(
      message(R"({"actors":[{"subject":"fish","action":"swim","direction":"left"}],"place":"city"})").find("fish"),
      std::string::npos);
  EXPECT_NE(message(R"({"actors":[{"subject":7}]})"), "accepted");
  EXPECT_NE(message(R"({"actors":[]})"), "accepted");
  EXPECT_NE(message(R"([])"), "accepted");
  EXPECT_EQ(message(R"({"actors":[{"subject":"cat","action":"sit"}]})"), "accepted");
}

}  // namespace
}  // namespace hotshot::world
