#include <gtest/gtest.h>

#include <thread>

#include "service/base64.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

/// A worker with the tiny model, at work until the end of the scope.
class BusyWorker {
 public:
  explicit BusyWorker(TestService& test)
      : renderer_(test.service->catalogue(), {}, 1),
        worker_(*test.service, renderer_, {.name = "busy", .poll_ms = 10}),
        thread_([this] { worker_.run(); }) {}
  ~BusyWorker() {
    worker_.stop();
    thread_.join();
  }

 private:
  PipelineRenderer renderer_;
  Worker worker_;
  std::thread thread_;
};

const json kPicture{{"model", kTinyModel}, {"prompt", "a red cat"}, {"seed", 1}, {"size", "48x32"}};

json with(json body, const json& more) {
  body.update(more);
  return body;
}

Answer images(TestService& test, const json& body) { return test.send_json("POST", "/v1/images/generations", body); }

// "iVBORw0KGgo" is how a PNG begins, "R0lGODlh" a GIF, "UklGR" a WebP.
std::string begin_of(const json& data) { return data["b64_json"].get<std::string>().substr(0, 5); }

TEST(OpenAiImages, APictureIsAnsweredWhenItIsMade) {
  TestService test;
  const BusyWorker worker(test);
  const Answer one = images(test, kPicture);
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_TRUE(one.json()["created"].is_number_integer());
  ASSERT_EQ(one.json()["data"].size(), 1u);
  EXPECT_EQ(begin_of(one.json()["data"][0]), "iVBOR");
  const json three = images(test, with(kPicture, {{"n", 3}, {"output_format", "webp"}})).json();
  ASSERT_EQ(three["data"].size(), 3u);
  for (const json& data : three["data"]) EXPECT_EQ(begin_of(data), "UklGR");
  EXPECT_NE(three["data"][0], three["data"][1]);
  EXPECT_TRUE(test.get("/v1/videos").json()["data"].empty());  // pictures are no videos
}

TEST(OpenAiImages, AGifMoves) {
  TestService test;
  const BusyWorker worker(test);
  const json gif =
      images(test, with(kPicture, {{"output_format", "gif"}, {"frame_count", 8}, {"frame_duration_ms", 125}})).json();
  ASSERT_EQ(gif["data"].size(), 1u) << gif.dump();
  EXPECT_EQ(begin_of(gif["data"][0]), "R0lGO");
  const json by_url =
      images(test, with(kPicture, {{"output_format", "gif"}, {"frame_count", 2}, {"response_format", "url"}})).json();
  const std::string url = by_url["data"][0]["url"];
  const std::string bytes = test.get(url.substr(url.find("/files/"))).body;
  EXPECT_EQ(bytes.substr(0, 6), "GIF89a");
}

TEST(OpenAiImages, AStreamShowsWhatIsThereSoFarThenThePicture) {
  TestService test;
  const BusyWorker worker(test);
  const Answer stream = images(test, with(kPicture, {{"stream", true}, {"partial_images", 2}}));
  EXPECT_EQ(stream.headers.get("content-type"), "text/event-stream");
  const std::size_t done = stream.body.find("event: image_generation.completed");
  ASSERT_NE(done, std::string::npos) << stream.body.substr(0, 500);
  EXPECT_NE(stream.body.find("iVBOR", done), std::string::npos);
  const std::size_t partial = stream.body.find("event: image_generation.partial_image");
  EXPECT_TRUE(partial == std::string::npos || partial < done);
}

TEST(OpenAiImages, WhatCannotBeIsRefusedAtOnce) {
  TestService test;  // without a worker: none of these may wait
  for (const json& body :
       {json{{"prompt", ""}, {"model", kTinyModel}}, with(kPicture, {{"n", 11}}),
        with(kPicture, {{"output_format", "jpeg"}}), with(kPicture, {{"output_format", "gif"}, {"frame_count", 1}}),
        with(kPicture, {{"response_format", "paper"}}), with(kPicture, {{"stream", true}, {"n", 2}}),
        with(kPicture, {{"output_format", "gif"}, {"stream", true}})}) {
    const Answer answer = images(test, body);
    EXPECT_EQ(answer.status, 400) << body.dump();
    EXPECT_TRUE(answer.json()["error"]["message"].is_string());
  }
  EXPECT_EQ(test.send("POST", "/v1/images/edits", "x", "content-type: text/plain\r\n").status, 400);
}

TEST(OpenAiImages, AJobThatIsCancelledOrRemovedEndsTheWaiting) {
  TestService test;
  const auto waiting = [&](const std::function<void(const std::string& id)>& action) {
    Answer answer;
    std::thread client([&] { answer = images(test, kPicture); });
    json jobs;
    while (jobs.empty()) jobs = test.get("/api/v1/jobs?kind=image&status=queued").json()["jobs"];
    action(jobs[0]["id"]);
    client.join();
    return answer;
  };
  EXPECT_EQ(waiting([&](const std::string& id) {
              test.send("POST", "/api/v1/jobs/" + id + "/cancel");
            }).json()["error"]["code"],
            "cancelled");
  EXPECT_EQ(waiting([&](const std::string& id) { test.send("DELETE", "/api/v1/jobs/" + id); }).json()["error"]["code"],
            "removed");
}

TEST(Base64, OfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace hotshot::service
