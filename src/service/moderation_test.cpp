#include "service/moderation.h"

#include <gtest/gtest.h>

#include "media/encode.h"
#include "media/png.h"
#include "service/command.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

WordRules rules(const std::string& text) {
  WordRules made;
  made.add(text, "test");
  return made;
}

TEST(WordRules, FitWholeWordsInAnyDress) {
  const WordRules made = rules("a: cunt, bad word\nzh: 坏话\n");
  for (const char* text :
       {"cunt", "A CUNT!", "x-cunt-y", "\xef\xbd\x83\xef\xbd\x95\xef\xbd\x8e\xef\xbd\x94", "c\u00adunt", "cu\u200bnt",
        "&#99;unt", "红cunt色", "bad word", "bad-word", "BAD\n  WORD", "bad_word."}) {
    EXPECT_EQ(made.match(text), "a") << text;
  }
  EXPECT_EQ(made.match("说坏话的人"), "zh");
  for (const char* text :
       {"Scunthorpe", "cunts", "bad words", "a bad, good word", "坏 的话", "", "\xff\xfe", "badword"}) {
    EXPECT_FALSE(made.match(text)) << text;
  }
}

TEST(WordRules, GroupsMustAllBeThere) {
  const WordRules made = rules("# comment\npair: cat, cats,\n  kitten + red, blue  # another\nother: dog\n");
  EXPECT_EQ(made.match("a BLUE thing and a kitten"), "pair");
  EXPECT_FALSE(made.match("a kitten"));
  EXPECT_FALSE(made.match("red"));
  EXPECT_EQ(made.match("dog"), "other");
}

TEST(WordRules, SayWhichLineIsNone) {
  for (const char* text : {"no colon", ": term", "name:", "name: a + ", "name: ..."}) {
    try {
      rules(std::string("fine: x\n\n") + text);
      ADD_FAILURE() << text;
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find("[test] "), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("line 3"), std::string::npos) << error.what();
    }
  }
}

TEST(BlockedWords, RefuseWhatTheyAreForAndNotItsNeighbours) {
  const WordRules made = rules(std::string(kBlockedWords));
  EXPECT_EQ(made.match("sexy teenagers on a beach"), "sexual-minors");
  EXPECT_EQ(made.match("未成年的裸体"), "sexual-minors");
  EXPECT_EQ(made.match("a deepfake nude of my neighbour"), "sexual-consent");
  EXPECT_EQ(made.match("斩首视频"), "cruelty");
  for (const char* text : {"a child flies a kite", "children in Essex and Sussex", "a teenager plays the sextant song",
                           "a field of rape", "the kids of Scunthorpe and Penistone", "a nude statue in a museum",
                           "a sexy red car", "an analyst with a cocktail", "a minor chord, a major city",
                           "a mother breastfeeds", "儿童在公园里放风筝", "一只小猫在性感的音乐里跳舞", "孩子们吃苹果",
                           "a documentary about the French revolution", "a dog and a horse"}) {
    EXPECT_FALSE(made.match(text)) << text << ": " << made.match(text).value_or("");
  }
}

std::string failure_of(const std::vector<std::string>& command, const CommandLimits& limits) {
  try {
    run_command(command, "x", limits);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

TEST(Command, GetsItsInputAndNothingElse) {
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(run_command({"cat"}, large, {.max_output = 2 << 20}), large);
  EXPECT_EQ(run_command({"sh", "-c", "cat /dev/stdin"}, "in"), "in");
  EXPECT_EQ(run_command({"printf", "%s", "a b;c"}, ""), "a b;c");
  ::setenv("HOTSHOT_TEST_SECRET", "s", 1);
  EXPECT_EQ(run_command({"sh", "-c", "echo -n $HOTSHOT_TEST_SECRET"}, ""), "");
  EXPECT_EQ(run_command({"sh", "-c", "ls /proc/self/fd | wc -l"}, ""), "4\n");  // 0, 1, 2 and that of ls
}

TEST(Command, EndsBadlyWithAWord) {
  EXPECT_NE(failure_of({"/nonexistent/program"}, {}).find("cannot start"), std::string::npos);
  EXPECT_NE(failure_of({"false"}, {}).find("exit status 1"), std::string::npos);
  EXPECT_NE(failure_of({"sh", "-c", "kill -9 $$"}, {}).find("signal 9"), std::string::npos);
  EXPECT_NE(failure_of({"yes"}, {.max_output = 1000}).find("at most 1000 bytes"), std::string::npos);
}

TEST(Command, TakesNoLongerThanItMay) {
  using std::chrono::milliseconds;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_NE(failure_of({"sh", "-c", "sleep 30 & sleep 30"}, {.time = milliseconds(200)}).find("within 200 ms"),
            std::string::npos);
  EXPECT_NE(failure_of({"sh", "-c", "exec >&-; sleep 30"}, {.time = milliseconds(200)}).find("within 200 ms"),
            std::string::npos);
  EXPECT_THROW(run_command({"sleep", "30"}, "", {.cancelled = [] { return true; }}), Cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

// Asks `script` with the question as $1's file; a clip of two red frames where frames are looked at.
struct Asked {
  explicit Asked(const std::string& script, const std::function<void(ServiceConfig&)>& change = {})
      : test([&](ServiceConfig& config) {
          write_file(folder / "judge.sh", script);
          config.moderation = {"words", "command"};
          config.moderation_command = {"sh", (folder / "judge.sh").string(), folder.path().string()};
          config.moderation_seconds = 2;
          if (change) change(config);
        }) {}
  json done(const std::string& prompt = "a red cat") {
    const std::string id = test.submit(prompt);
    test.work();
    return test.job(id);
  }
  TestFolder folder;
  TestService test;
};

TEST(Moderation, WordsAreRefusedAtTheDoorOfEveryInterface) {
  TestService test([](ServiceConfig& config) { config.blocked_words = {"forbidden thing"}; });
  json body = tiny_request("a Forbidden-Thing");
  Answer answer = test.send_json("POST", "/api/v1/jobs", body);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["error"]["code"], "moderation");
  EXPECT_EQ(answer.json()["error"]["param"], "prompt");
  for (const char* path :
       {"/v1/videos", "/v1/images/generations", "/xai/v1/videos/generations", "/openrouter/api/v1/videos"}) {
    answer = test.send_json("POST", path, {{"prompt", body["prompt"]}, {"model", kTinyModel}});
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_EQ(answer.json()["error"]["code"], "content_policy_violation") << path;
  }
  const json call{
      {"jsonrpc", "2.0"},
      {"id", 1},
      {"method", "tools/call"},
      {"params", {{"name", "generate_video"}, {"arguments", {{"prompt", body["prompt"]}, {"model", kTinyModel}}}}}};
  EXPECT_TRUE(test.send_json("POST", "/mcp", call).json()["result"]["isError"].get<bool>());
  EXPECT_TRUE(test.get("/api/v1/jobs").json()["jobs"].empty());
  const json job = test.job(test.submit());
  ASSERT_EQ(job["moderation"].size(), 1u);
  EXPECT_EQ(job["moderation"][0]["stage"], "prompt");
  EXPECT_EQ(job["moderation"][0]["decision"], "allow");
}

TEST(Moderation, DecisionsOfOthersAreLookedAt) {
  const json good = decision_json({.stage = "frames", .allowed = false, .reason = "r", .rule = "x", .at_ms = 5});
  EXPECT_TRUE(is_decision(good));
  EXPECT_EQ(refused_stage(json::array({good})), "frames");
  for (const auto& [name, value] : good.items()) {
    json bad = good;
    bad.erase(name);
    EXPECT_FALSE(is_decision(bad)) << name;
    bad[name] = json::array();
    EXPECT_FALSE(is_decision(bad)) << name;
  }
  json more = good;
  more["more"] = 1;
  for (const json& bad : {more, json(), json("x"), json::array()}) EXPECT_FALSE(is_decision(bad)) << bad;
}

TEST(Moderation, OffIsOff) {
  TestService test([](ServiceConfig& config) { config.moderation = {"off"}; });
  EXPECT_TRUE(test.job(test.submit("child porn"))["moderation"].empty());
}

TEST(Moderation, AProgramSeesThePromptBeforeAndTheFramesAfter) {
  Asked asked(R"(cat > "$1/$(date +%s%N).json"; ls -l "$1"/../ > /dev/null; echo '{"allow": true, "rule": "mine"}')");
  asked.test.renderer.on_step = [](int, RenderContext&) {};
  struct Red : FakeRenderer {
    std::vector<RenderedFile> render(const store::Claim&, RenderContext& context) override {
      Clip clip{Frames(20, 32, 32), {8, 1}};
      for (std::size_t i = 0; i < clip.frames.frame_bytes() * 20; i += 3) clip.frames.frame(0)[i] = 255;
      media::encode(clip, context.folder() / "video.mp4", {}, nullptr);
      return {{"video", context.folder() / "video.mp4", "video/mp4"}};
    }
  } red;
  const std::string id = asked.test.submit();
  Worker(*asked.test.service, red, {.name = "w"}).run_one();
  const json job = asked.test.job(id);
  EXPECT_EQ(job["status"], "succeeded") << job;
  ASSERT_EQ(job["moderation"].size(), 3u);
  EXPECT_EQ(job["moderation"][1]["stage"], "prompt");
  EXPECT_EQ(job["moderation"][1]["rule"], "mine");
  EXPECT_EQ(job["moderation"][2]["stage"], "frames");
  std::vector<json> questions;
  for (const auto& entry : std::filesystem::directory_iterator(asked.folder.path()))
    if (entry.path().extension() == ".json") questions.push_back(json::parse(read_file(entry.path())));
  ASSERT_EQ(questions.size(), 2u);
  if (questions[0]["stage"] == "frames") std::swap(questions[0], questions[1]);
  EXPECT_EQ(questions[0]["prompt"], "a red cat");
  EXPECT_EQ(questions[0]["job"], id);
  EXPECT_TRUE(questions[0]["frames"].empty());
  ASSERT_EQ(questions[1]["frames"].size(), 8u);
  for (const json& path : questions[1]["frames"]) EXPECT_FALSE(std::filesystem::exists(path.get<std::string>()));
}

TEST(Moderation, ARefusedPromptIsNeverRendered) {
  Asked asked(R"(echo '{"allow": false, "reason": "not this one", "rule": "taste"}')");
  const json job = asked.done();
  EXPECT_EQ(job["status"], "failed");
  EXPECT_EQ(job["error"]["code"], "moderation");
  EXPECT_NE(job["error"]["message"].get<std::string>().find("not this one"), std::string::npos);
  EXPECT_EQ(job["moderation"][1]["decision"], "refuse");
  EXPECT_EQ(job["moderation"][1]["rule"], "taste");
  EXPECT_EQ(asked.test.renderer.renders, 0);
  const std::string id = job["id"];
  EXPECT_EQ(asked.test.get("/v1/videos/" + id).json()["error"]["code"], "input_moderation");
  const json xai = asked.test.get("/xai/v1/videos/" + id).json();
  EXPECT_EQ(xai["status"], "done");
  EXPECT_EQ(xai["video"]["respect_moderation"], false);
  EXPECT_EQ(asked.test.get("/openrouter/api/v1/videos/" + id).json()["status"], "failed");
}

TEST(Moderation, RefusedFramesAreNotKept) {
  Asked asked(R"(grep -q '"stage":"frames"' && echo '{"allow": false}' || echo '{"allow": true}')");
  struct Grey : FakeRenderer {
    std::vector<RenderedFile> render(const store::Claim&, RenderContext& context) override {
      media::write_png(Frames(1, 8, 8), context.folder() / "image.png");
      return {{"image", context.folder() / "image.png", "image/png"}};
    }
  } grey;
  const std::string id = asked.test.submit();
  Worker(*asked.test.service, grey, {.name = "w"}).run_one();
  const json job = asked.test.job(id);
  EXPECT_EQ(job["error"]["code"], "moderation") << job;
  EXPECT_TRUE(job["files"].empty());
  EXPECT_EQ(asked.test.get("/v1/videos/" + id).json()["error"]["code"], "output_moderation");
  std::error_code ignored;
  EXPECT_TRUE(std::filesystem::is_empty(asked.test.service->folder("work"), ignored));
}

TEST(Moderation, WhatCannotBeJudgedIsRefusedUnlessTheOwnerSaysOtherwise) {
  for (const char* script : {"exit 3", "echo nonsense", "echo '{\"allow\": 1}'", "sleep 20"}) {
    Asked asked(script, [](ServiceConfig& config) { config.moderation_seconds = 1; });
    const json job = asked.done();
    EXPECT_EQ(job["error"]["code"], "moderation") << script;
    EXPECT_EQ(job["moderation"][1]["rule"], "command-failed") << script;
  }
  Asked open("grep -q prompt && exit 3", [](ServiceConfig& config) { config.moderation_failure = "allow"; });
  open.done();
  EXPECT_EQ(open.test.renderer.renders, 1);
}

TEST(Moderation, SettingsThatContradictEachOtherAreNamed) {
  const auto refused = [](const std::function<void(ServiceConfig&)>& change) {
    ServiceConfig config;
    change(config);
    try {
      check_config(config);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refused([](ServiceConfig&) {}), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.moderation = {"ai"}; }).find("[serve moderation]"), std::string::npos);
  EXPECT_NE(refused([](ServiceConfig& c) { c.moderation = {"off", "words"}; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.moderation = {"command"}; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.moderation_command = {"x"}; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.moderation = {"off"}, c.blocked_words = {"x"}; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.moderation_failure = "maybe"; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.trusted_proxies = {"proxy.example.org"}; }), "");
}

}  // namespace
}  // namespace hotshot::service
