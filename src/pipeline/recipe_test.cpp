#include "pipeline/recipe.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline/test_support.h"

namespace hotshot::pipeline {
namespace {

Recipe example() {
  GenerateRequest request{.prompt = "红色的猫 \"q\" \\ \n",
                          .negative = "n",
                          .frames = 5,
                          .size = "48x32",
                          .seed = ~0ull,
                          .count = 3,
                          .threads = 2};
  const Plan plan = plan_request(request, open_model(kTiny));
  return recipe_of(plan, plan.seed, "tiny", "abc");
}

TEST(Recipe, ComesBackAsItWas) {
  const Recipe recipe = example();
  const std::string text = write_recipe(recipe);
  const Recipe again = parse_recipe(text, "test");
  EXPECT_EQ(write_recipe(again), text);
  EXPECT_EQ(again.model, "tiny");
  EXPECT_EQ(again.digest, "abc");
  EXPECT_EQ(again.engine, kEngine);
  EXPECT_EQ(again.request.prompt, "红色的猫 \"q\" \\ \n");
  EXPECT_EQ(again.request.seed, ~0ull);
  EXPECT_EQ(again.request.count, 1);
  EXPECT_EQ(again.request.steps, 50);
}

TEST(Recipe, SaysNothingOfThreadsOrOtherClips) {
  const auto request = nlohmann::json::parse(write_recipe(example()))["request"];
  EXPECT_FALSE(request.contains("threads"));
  EXPECT_FALSE(request.contains("count"));
  EXPECT_FALSE(request.contains("seconds"));
}

TEST(Recipe, SaysHowTheFileIsMadeWhereThatIsUnusual) {
  EXPECT_FALSE(nlohmann::json::parse(write_recipe(example())).contains("finish"));
  Recipe recipe = example();
  recipe.finish = {.quality = 95, .loop = 3, .ping_pong = true};
  EXPECT_EQ(parse_recipe(write_recipe(recipe), "test").finish, recipe.finish);
  auto json = nlohmann::json::parse(write_recipe(recipe));
  json["finish"]["quality"] = 101;
  EXPECT_NE(message_of([&] { parse_recipe(json.dump(), "file.mp4"); }).find("quality"), std::string::npos);
}

TEST(Recipe, OtherTextIsAClearError) {
  const std::string sound = write_recipe(example());
  auto json = nlohmann::json::parse(sound);
  json["format"] = "hotshot-recipe-99";
  auto unknown = nlohmann::json::parse(sound);
  unknown["request"]["magic"] = 1;
  for (const std::string& bad : {std::string("hello"), std::string("{}"), std::string("[]"), std::string(""),
                                 std::string("{\"format\":3}"), json.dump(), unknown.dump(),
                                 std::string(R"({"format":"hotshot-recipe-1","engine":"x","model":3,"request":{}})")}) {
    EXPECT_NE(message_of([&] { parse_recipe(bad, "file.mp4"); }).find("[file.mp4]"), std::string::npos) << bad;
  }
  std::string deep = sound;
  deep.replace(deep.find("\"steps\":50"), 10, "\"steps\":" + std::string(200000, '[') + std::string(200000, ']'));
  EXPECT_NE(message_of([&] { parse_recipe(deep, "file.mp4"); }).find("[file.mp4]"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::pipeline
