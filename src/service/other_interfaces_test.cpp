// The interfaces of xAI, OpenRouter and the Model Context Protocol.
#include <gtest/gtest.h>

#include "service/signed_links.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

TEST(Xai, PendingIs202AndDoneCarriesTheClip) {
  TestService test;
  const json body{{"model", kTinyModel}, {"prompt", "a red cat"}, {"duration", 1}, {"aspect_ratio", "16:9"}};
  const Answer made = test.send_json("POST", "/xai/v1/videos/generations", body, "idempotency-key: k\r\n");
  ASSERT_EQ(made.status, 200) << made.body;
  const std::string path = "/xai/v1/videos/" + made.json()["request_id"].get<std::string>();
  EXPECT_EQ(test.send_json("POST", "/xai/v1/videos/generations", body, "idempotency-key: k\r\n").json(), made.json());
  EXPECT_EQ(test.get(path).status, 202);
  EXPECT_EQ(test.get(path).json()["status"], "pending");
  test.work();
  const Answer done = test.get(path);
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.json()["status"], "done");
  EXPECT_EQ(done.json()["video"]["url"], "data:video/mp4;base64,dmlkZW8gb2YgYSByZWQgY2F0");  // "video of a red cat"
  EXPECT_EQ(done.json()["video"]["duration"], 1);
  EXPECT_EQ(test.send_json("POST", "/xai/v1/videos/generations",
                           {{"model", kTinyModel}, {"prompt", "a"}, {"image", {{"url", "x"}}}})
                .status,
            400);
  EXPECT_EQ(test.send_json("POST", "/xai/v1/videos/generations",
                           {{"model", kTinyModel}, {"prompt", "a"}, {"aspect_ratio", "0:1"}})
                .status,
            400);
  EXPECT_EQ(test.send_json("POST", "/xai/v1/videos/edits", {{"model", kTinyModel}}).status, 400);
}

TEST(Xai, AFailureIsSaidInItsWords) {
  TestService test;
  const std::string id = test.send_json("POST", "/xai/v1/videos/generations", {{"model", kTinyModel}, {"prompt", "a"}})
                             .json()["request_id"];
  test.send("POST", "/api/v1/jobs/" + id + "/cancel");
  const Answer failed = test.get("/xai/v1/videos/" + id);
  EXPECT_EQ(failed.status, 200);
  EXPECT_EQ(failed.json()["status"], "failed");
  EXPECT_EQ(failed.json()["error"]["code"], "cancelled");
}

TEST(SignedLinks, OpenWithoutAKeyUntilTheyAreOverOrChanged) {
  TestService test(
      [](ServiceConfig& config) { config.sign_in = "always", config.public_url = "https://clips.example.org/"; });
  const std::string key = "authorization: Bearer " +
                          test.service->accounts()
                              .create_key(test.service->accounts().create("ann", "password1", store::Role::admin).id,
                                          "k", store::Scope::admin)
                              .secret +
                          "\r\n";
  const std::string id =
      test.send_json("POST", "/xai/v1/videos/generations", {{"model", kTinyModel}, {"prompt", "a"}}, key)
          .json()["request_id"];
  test.work();
  const std::string url = test.get("/xai/v1/videos/" + id, key).json()["video"]["url"];
  ASSERT_TRUE(url.starts_with("https://clips.example.org/files/"));
  const std::string path = url.substr(std::string("https://clips.example.org").size());
  EXPECT_EQ(test.get(path).body, "video of a");
  EXPECT_EQ(test.get(path, "host: clips.example.org\r\n").status, 200);
  std::string changed = path;
  changed.back() = changed.back() == '0' ? '1' : '0';
  EXPECT_EQ(test.get(changed).status, 403);
  std::string later = path;
  later.insert(later.find("until=") + 6, "9");
  EXPECT_EQ(test.get(later).status, 403);
  std::string other = path;
  other.replace(other.find("/video?"), 7, "/thumbnail?");
  EXPECT_EQ(test.get(other).status, 403);
  EXPECT_EQ(test.get(path.substr(0, path.find('?'))).status, 403);
}

TEST(OpenRouter, PollsToACompletedJobWithoutANullError) {
  TestService test;
  const Answer made = test.send_json("POST", "/openrouter/api/v1/videos",
                                     {{"model", kTinyModel}, {"prompt", "a red cat"}, {"duration", 1}});
  ASSERT_EQ(made.status, 202) << made.body;
  const json first = made.json();
  EXPECT_EQ(first["status"], "pending");
  EXPECT_TRUE(first["polling_url"].is_string());
  EXPECT_FALSE(first.contains("error"));
  test.work();
  const std::string path = "/openrouter/api/v1/videos/" + first["id"].get<std::string>();
  const json done = test.get(path).json();
  EXPECT_EQ(done["status"], "completed");
  EXPECT_EQ(test.get(path + "/content?index=0").body, "video of a red cat");
  const json models = test.get("/openrouter/api/v1/videos/models").json();
  bool tiny = false;
  for (const json& model : models["data"]) tiny |= model["id"] == kTinyModel && !model["supported_sizes"].empty();
  EXPECT_TRUE(tiny);
  EXPECT_EQ(test.send_json("POST", "/openrouter/api/v1/videos", {{"model", "nothing"}, {"prompt", "a"}})
                .json()["error"]["code"],
            "model_not_found");
}

json call(TestService& test, const std::string& method, const json& params, const std::string& headers = {}) {
  return test
      .send_json("POST", "/mcp", {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}}, headers)
      .json();
}

TEST(Mcp, ServesClientsOfBothEras) {
  TestService test;
  const json hello = call(test, "initialize", {{"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}});
  EXPECT_EQ(hello["result"]["protocolVersion"], "2025-11-25");
  EXPECT_EQ(test.send_json("POST", "/mcp", {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}).status, 202);
  EXPECT_EQ(test.get("/mcp").status, 405);
  const std::string now = "mcp-protocol-version: 2026-07-28\r\n";
  EXPECT_EQ(call(test, "server/discover", json::object(), now)["result"]["supportedVersions"][0], "2026-07-28");
  EXPECT_EQ(call(test, "tools/list", json::object(), now)["result"]["resultType"], "complete");
  EXPECT_EQ(call(test, "nothing", json::object())["error"]["code"], -32601);
  EXPECT_EQ(test.send("POST", "/mcp", "{", "content-type: application/json\r\n").json()["error"]["code"], -32700);
  EXPECT_EQ(test.send("POST", "/mcp", "{\"jsonrpc\":2}", "content-type: application/json\r\n").json()["error"]["code"],
            -32600);
}

TEST(Mcp, AnAgentMakesAClip) {
  TestService test;
  const json tools = call(test, "tools/list", json::object());
  std::vector<std::string> names;
  for (const json& tool : tools["result"]["tools"]) names.push_back(tool["name"]);
  EXPECT_EQ(names,
            (std::vector<std::string>{"generate_video", "get_video", "list_videos", "cancel_video", "list_models"}));
  const auto use = [&](const char* name, const json& arguments) {
    return call(test, "tools/call", {{"name", name}, {"arguments", arguments}})["result"];
  };
  const json made = use("generate_video", {{"prompt", "a red cat"}, {"model", kTinyModel}, {"seconds", 1}});
  ASSERT_FALSE(made["isError"].get<bool>()) << made.dump();
  const std::string id = made["structuredContent"]["id"];
  EXPECT_EQ(made["structuredContent"]["status"], "queued");
  test.work();
  const json done = use("get_video", {{"id", id}});
  EXPECT_EQ(done["structuredContent"]["status"], "succeeded");
  EXPECT_EQ(done["content"][1]["type"], "resource_link");
  EXPECT_EQ(use("list_videos", json::object())["structuredContent"]["videos"].size(), 1u);
  EXPECT_FALSE(use("list_models", json::object())["structuredContent"]["models"].empty());
  EXPECT_TRUE(use("generate_video", {{"prompt", ""}, {"model", kTinyModel}})["isError"].get<bool>());
  EXPECT_TRUE(use("get_video", {{"id", "none"}})["isError"].get<bool>());
  EXPECT_EQ(call(test, "tools/call", {{"name", "none"}})["error"]["code"], -32602);
}

}  // namespace
}  // namespace hotshot::service
