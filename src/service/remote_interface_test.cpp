#include "service/remote_interface.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

const RemoteOrder kOrder{.model = "m",
                         .prompt = "a red cat",
                         .size = {1280, 720},
                         .seconds = 8,
                         .settings = {{"seed", 7}, {"negative", "blur"}}};

RemoteState state(const char* interface, const json& answer) {
  return remote_interface(interface, "test").state_in(answer, "id/1");
}

TEST(RemoteInterface, AsksInTheWordsOfEach) {
  const json settings{{"model", "m"}, {"prompt", "a red cat"}, {"seed", 7}, {"negative_prompt", "blur"}};
  const auto body = [&](const json& own) {
    json whole = settings;
    whole.update(own);
    return whole;
  };
  const RemoteCall openai = remote_openai().create(kOrder), xai = remote_xai().create(kOrder),
                   openrouter = remote_openrouter().create(kOrder);
  EXPECT_EQ(openai.path, "/videos");
  EXPECT_EQ(openai.body, body({{"size", "1280x720"}, {"seconds", "8"}}));
  EXPECT_EQ(xai.path, "/videos/generations");
  EXPECT_EQ(xai.body, body({{"duration", 8}, {"aspect_ratio", "16:9"}, {"resolution", "720p"}}));
  EXPECT_EQ(openrouter.path, "/videos");
  EXPECT_EQ(openrouter.body, body({{"duration", 8}, {"size", "1280x720"}}));
  RemoteOrder odd = kOrder;
  odd.size = {128, 128}, odd.seconds = 0.4;
  EXPECT_EQ(remote_xai().create(odd).body["aspect_ratio"], "1:1");
  EXPECT_FALSE(remote_xai().create(odd).body.contains("resolution"));
  EXPECT_EQ(remote_xai().create(odd).body["duration"], 1);
}

TEST(RemoteInterface, IdsAreEscapedInPaths) {
  EXPECT_EQ(remote_openai().poll("a/../b").path, "/videos/a%2F..%2Fb");
  EXPECT_EQ(remote_openai().cancel("a b")->path, "/videos/a%20b");
  EXPECT_FALSE(remote_xai().cancel("a"));
}

TEST(RemoteInterface, ReadsAnyAnswer) {
  using Status = RemoteState::Status;
  for (const char* interface : {"openai", "xai", "openrouter"}) {
    for (const json& odd : {json(), json(5), json::array(), json("done"), json{{"status", 5}}, json{{"status", "new"}},
                            json{{"status", "pending"}, {"progress", "x"}}, json{{"error", nullptr}}}) {
      EXPECT_EQ(state(interface, odd).status, Status::running) << interface << odd;
      EXPECT_EQ(state(interface, odd).fraction, 0);
    }
    EXPECT_EQ(state(interface, {{"status", "failed"}, {"error", "no"}}).status, Status::failed);
    EXPECT_EQ(state(interface, {{"status", "failed"}, {"error", "no"}}).message, "no");
    EXPECT_EQ(state(interface, {{"status", "expired"}}).status, Status::failed);
  }
  EXPECT_EQ(state("openai", {{"status", "in_progress"}, {"progress", 250}}).fraction, 1);
  EXPECT_EQ(state("openai", {{"status", "completed"}}).file, "/videos/id%2F1/content");
  EXPECT_EQ(state("openrouter", {{"status", "completed"}}).file, "/videos/id%2F1/content?index=0");
  EXPECT_EQ(state("xai", {{"status", "done"}, {"video", {{"url", "https://x/y"}}}}).file, "https://x/y");
  EXPECT_EQ(state("xai", {{"status", "done"}, {"video", nullptr}}).file, "");
  EXPECT_EQ(state("xai", {{"status", "completed"}}).status, Status::running);  // another interface's word
  const json blocked{{"status", "done"}, {"video", {{"url", "https://x/y"}, {"respect_moderation", false}}}};
  EXPECT_EQ(state("xai", blocked).code, "moderation");
}

TEST(RemoteInterface, FindsTheErrorInEveryShape) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(error_in({{"error", {{"code", "c"}, {"message", "m"}}}}), Pair("c", "m"));
  EXPECT_EQ(error_in({{"error", "m"}}), Pair("", "m"));
  EXPECT_EQ(error_in({{"code", "c"}, {"error", "m"}}), Pair("c", "m"));
  EXPECT_EQ(error_in({{"error", {{"code", 403}, {"message", nullptr}}}}), Pair("", ""));
  EXPECT_EQ(error_in(json::array()), Pair("", ""));
  EXPECT_NE(message_of([] { remote_interface("sora", "x"); }).find("openai, openrouter, xai"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::service
