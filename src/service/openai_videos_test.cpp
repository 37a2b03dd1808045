#include "service/openai_videos.h"

#include <gtest/gtest.h>

#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

Answer create(TestService& test, json body, const std::string& headers = {}) {
  if (!body.contains("model")) body["model"] = kTinyModel;
  if (!body.contains("steps")) body["steps"] = 2;
  return test.send_json("POST", "/v1/videos", body, headers);
}

std::string multipart(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    body += fmt::format("--openai-1\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name, value);
  }
  return body + "--openai-1--\r\n";
}

TEST(OpenAiVideos, AVideoHasEveryKeyFromTheFirstAnswerToTheLast) {
  TestService test;
  const Answer made = create(test, {{"prompt", "a red cat"}, {"seconds", "1"}, {"size", "32x32"}});
  ASSERT_EQ(made.status, 200) << made.body;
  json video = made.json();
  for (const char* key : {"id", "object", "model", "status", "progress", "created_at", "completed_at", "expires_at",
                          "prompt", "size", "seconds", "remixed_from_video_id", "error"}) {
    EXPECT_TRUE(video.contains(key)) << key;
  }
  EXPECT_EQ(video["object"], "video");
  EXPECT_EQ(video["status"], "queued");
  EXPECT_TRUE(video["seconds"].is_string());
  EXPECT_NE(made.headers.find("openai-poll-after-ms"), nullptr);
  EXPECT_NE(made.headers.find("x-request-id"), nullptr);
  const std::string path = "/v1/videos/" + video["id"].get<std::string>();
  const Answer early = test.get(path + "/content");
  EXPECT_EQ(early.status, 404);
  EXPECT_EQ(early.json()["error"]["code"], "video_not_ready");
  test.work();
  video = test.get(path).json();
  EXPECT_EQ(video["status"], "completed");
  EXPECT_EQ(video["progress"], 100);
  EXPECT_TRUE(video["completed_at"].is_number_integer());
  EXPECT_EQ(test.get(path + "/content", "accept: application/binary\r\n").body, "video of a red cat");
  EXPECT_EQ(test.get(path + "/content?variant=thumbnail").headers.get("content-type"), "image/png");
  EXPECT_EQ(test.get(path + "/content?variant=odd").status, 400);
  EXPECT_EQ(test.send("DELETE", path).json()["object"], "video.deleted");
  EXPECT_EQ(test.get(path).status, 404);
}

TEST(OpenAiVideos, WhatTheModelCannotDoIsSnappedAndSaid) {
  TestService test;
  EXPECT_EQ(create(test, {{"prompt", "a"}, {"seconds", 1}, {"size", "48x32"}}).json()["size"], "48x32");
  const json video = create(test, {{"prompt", "a"}, {"seconds", 100000}, {"size", "1280x720"}}).json();
  EXPECT_EQ(video["size"], "832x480");  // the tiny model says nothing of sizes, so it has Wan's
  EXPECT_EQ(video["seconds"], "5");
  EXPECT_EQ(video["warnings"].size(), 2u);
  const Answer unknown = create(test, {{"prompt", "a"}, {"model", "nothing"}});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json()["error"]["param"], "model");
}

TEST(OpenAiVideos, TakesMultipartAndChunkedMultipart) {
  TestService test;
  const std::string body =
      multipart({{"prompt", "a red cat"}, {"model", kTinyModel}, {"seconds", "1"}, {"size", "32x32"}});
  const std::string type = "content-type: multipart/form-data; boundary=openai-1\r\n";
  EXPECT_EQ(test.send("POST", "/v1/videos", body, type).json()["prompt"], "a red cat");
  net::TestClient client(test.app->port());
  client.send("POST /v1/videos HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n" + type + "\r\n");
  for (std::size_t i = 0; i < body.size(); i += 50) {
    const std::string piece = body.substr(i, 50);
    client.send(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  const std::string nested =
      multipart({{"prompt", "a"}, {"model", kTinyModel}, {"input_reference[image_url]", "https://x.example/a.png"}});
  const Answer picture = test.send("POST", "/v1/videos", nested, type);
  EXPECT_EQ(picture.status, 400);
  EXPECT_EQ(picture.json()["error"]["code"], "unsupported");
}

TEST(OpenAiVideos, ErrorsHaveTheEnvelopeOfTheOriginal) {
  TestService test;
  for (const Answer& answer :
       {create(test, {{"prompt", ""}}), test.get("/v1/videos/video_none"), test.get("/v1/nothing"),
        test.send("POST", "/v1/videos", "{", "content-type: application/json\r\n"),
        test.send("POST", "/v1/videos", "x", "content-type: multipart/form-data\r\n")}) {
    EXPECT_GE(answer.status, 400);
    EXPECT_LT(answer.status, 500);
    const json error = answer.json()["error"];
    EXPECT_TRUE(error["message"].is_string());
    EXPECT_TRUE(error["type"].is_string());
    EXPECT_TRUE(error.contains("param"));
    EXPECT_TRUE(error.contains("code"));
  }
}

TEST(OpenAiVideos, PagesGoOnFromTheLastId) {
  TestService test;
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(create(test, {{"prompt", "a"}}).json()["id"]);
  std::vector<std::string> seen;
  std::string after;
  for (int page = 0; page < 10; ++page) {
    const json list = test.get("/v1/videos?limit=2&order=asc" + (after.empty() ? "" : "&after=" + after)).json();
    EXPECT_EQ(list["object"], "list");
    for (const json& video : list["data"]) seen.push_back(video["id"]);
    after = list["last_id"];
    if (!list["has_more"].get<bool>()) break;
  }
  EXPECT_EQ(seen, made);
  EXPECT_EQ(test.get("/v1/videos").json()["first_id"], made.back());
}

TEST(OpenAiVideos, ARepeatedTryIsTheSameJobANewRequestIsNot) {
  TestService test;
  const json body{{"prompt", "a"}, {"seconds", "1"}};
  const std::string first = create(test, body, "x-stainless-retry-count: 0\r\n").json()["id"];
  EXPECT_EQ(create(test, body, "x-stainless-retry-count: 1\r\n").json()["id"], first);
  EXPECT_NE(create(test, body, "x-stainless-retry-count: 0\r\n").json()["id"], first);
  EXPECT_NE(create(test, {{"prompt", "b"}}, "x-stainless-retry-count: 1\r\n").json()["id"], first);
}

TEST(OpenAiVideos, ARemixKeepsTheSettings) {
  TestService test;
  const json first = create(test, {{"prompt", "a red cat"}, {"seconds", "1"}, {"size", "32x32"}, {"seed", 11}}).json();
  const Answer remixed =
      test.send_json("POST", "/v1/videos/" + first["id"].get<std::string>() + "/remix", {{"prompt", "a blue cat"}});
  ASSERT_EQ(remixed.status, 200) << remixed.body;
  const json second = remixed.json();
  EXPECT_EQ(second["remixed_from_video_id"], first["id"]);
  EXPECT_EQ(second["prompt"], "a blue cat");
  EXPECT_EQ(second["effective"]["seed"], 11);
  EXPECT_EQ(second["size"], first["size"]);
  EXPECT_EQ(second["seconds"], first["seconds"]);
}

TEST(OpenAiVideos, ACancelledOneHasFailedWithThatCode) {
  TestService test;
  const std::string id = create(test, {{"prompt", "a"}}).json()["id"];
  test.send("POST", "/api/v1/jobs/" + id + "/cancel");
  const json video = test.get("/v1/videos/" + id).json();
  EXPECT_EQ(video["status"], "failed");
  EXPECT_EQ(video["error"]["code"], "cancelled");
}

TEST(OpenAiVideos, ModelsAreListed) {
  TestService test;
  bool tiny = false;
  const json models = test.get("/v1/models").json();
  for (const json& model : models["data"]) tiny |= model["id"] == kTinyModel && model["object"] == "model";
  EXPECT_TRUE(tiny);
  EXPECT_EQ(test.get(std::string("/v1/models/") + kTinyModel).json()["owned_by"], "hotshot");
  EXPECT_EQ(test.get("/v1/models/none").status, 404);
}

}  // namespace
}  // namespace hotshot::service
