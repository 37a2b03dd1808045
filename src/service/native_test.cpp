#include <gtest/gtest.h>

#include <thread>

#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

TEST(NativeJobs, GoFromQueuedToFiles) {
  TestService test;
  const std::string id = test.submit("a red cat", {{"seed", 7}, {"frames", 4}});
  json job = test.job(id);
  EXPECT_EQ(job["status"], "queued");
  EXPECT_EQ(job["queue_position"], 0);
  EXPECT_EQ(job["requested"]["seed"], 7);
  EXPECT_EQ(job["effective"]["frames"], 4);
  EXPECT_EQ(job["effective"]["frames_made"], 5);
  EXPECT_TRUE(test.work());
  EXPECT_FALSE(test.work());
  job = test.job(id);
  EXPECT_EQ(job["status"], "succeeded");
  EXPECT_EQ(job["attempts"], 1);
  ASSERT_TRUE(job["files"].contains("video"));
  const Answer file = test.get(job["files"]["video"]["url"]);
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.headers.get("content-type"), "video/mp4");
  EXPECT_EQ(file.body, "video of a red cat");
  const Answer part = test.get(job["files"]["video"]["url"], "range: bytes=0-4\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "video");
  EXPECT_EQ(test.get("/api/v1/jobs/" + id + "/files/webm").status, 404);
}

TEST(NativeJobs, CountMakesJobsOfOneGroupWithSeedsCountingUp) {
  TestService test;
  const json jobs =
      test.send_json(
              "POST", "/api/v1/jobs",
              {{"prompt", "a"}, {"model", kTinyModel}, {"size", "32x32"}, {"frames", 4}, {"seed", 5}, {"count", 3}})
          .json()["jobs"];
  ASSERT_EQ(jobs.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(jobs[static_cast<std::size_t>(i)]["effective"]["seed"], 5 + i);
  EXPECT_EQ(jobs[0]["group"], jobs[2]["group"]);
  EXPECT_EQ(test.get("/api/v1/jobs?group=" + jobs[0]["group"].get<std::string>()).json()["jobs"].size(), 3u);
}

TEST(NativeJobs, WhatCannotWorkIsRefusedBeforeItIsQueued) {
  TestService test;
  const auto refused = [&](const json& body) { return test.send_json("POST", "/api/v1/jobs", body); };
  EXPECT_EQ(refused({{"prompt", ""}, {"model", kTinyModel}}).status, 400);
  EXPECT_EQ(refused({{"prompt", "a"}, {"model", "nothing"}}).status, 404);
  const Answer size = refused({{"prompt", "a"}, {"model", kTinyModel}, {"size", "33x32"}});
  EXPECT_EQ(size.status, 400);
  EXPECT_EQ(size.json()["error"]["param"], "size");
  EXPECT_EQ(refused({{"prompt", "a"}, {"model", kTinyModel}, {"steps", -1}}).status, 400);
  EXPECT_EQ(refused({{"prompt", "a"}, {"model", kTinyModel}, {"threads", 64}}).status, 400);
  EXPECT_EQ(refused({{"prompt", "a"}, {"model", kTinyModel}, {"surprise", 1}}).status, 400);
  EXPECT_EQ(refused({{"prompt", "a"}, {"model", kTinyModel}, {"parent", "job_none"}}).status, 404);
  EXPECT_EQ(test.send("POST", "/api/v1/jobs", "{", "content-type: application/json\r\n").status, 400);
  EXPECT_EQ(test.send("POST", "/api/v1/jobs", "{}", "content-type: text/plain\r\n").status, 415);
  EXPECT_TRUE(test.get("/api/v1/jobs").json()["jobs"].empty());
}

TEST(NativeJobs, AnIdempotencyKeyMakesARepetitionHarmless) {
  TestService test;
  const json body = tiny_request();
  const Answer first = test.send_json("POST", "/api/v1/jobs", body, "idempotency-key: k1\r\n");
  const Answer second = test.send_json("POST", "/api/v1/jobs", body, "idempotency-key: k1\r\n");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(first.json()["jobs"][0]["id"], second.json()["jobs"][0]["id"]);
  const Answer other = test.send_json("POST", "/api/v1/jobs", tiny_request("b"), "idempotency-key: k1\r\n");
  EXPECT_EQ(other.status, 422);
}

TEST(NativeJobs, AQueuedOneIsCancelledAtOnceARunningOneWithinAStep) {
  TestService test;
  const std::string queued = test.submit();
  EXPECT_EQ(test.send("POST", "/api/v1/jobs/" + queued + "/cancel").json()["status"], "cancelled");
  const std::string running = test.submit();
  test.renderer.steps = 1000;
  int last = 0;
  test.renderer.on_step = [&](int step, RenderContext&) {
    last = step;
    if (step == 3) test.send("POST", "/api/v1/jobs/" + running + "/cancel");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  test.work();
  EXPECT_LT(last, 60);  // the next heartbeat brings it
  const json job = test.job(running);
  EXPECT_EQ(job["status"], "cancelled");
  EXPECT_EQ(job["error"]["code"], "cancelled");
  EXPECT_TRUE(job["files"].empty());
}

TEST(NativeJobs, ProgressAndPreviewAreToldWhileItRuns) {
  TestService test;
  const std::string id = test.submit();
  json seen;
  std::string preview;
  test.renderer.on_step = [&](int step, RenderContext& context) {
    if (step == 1) context.show(Frames(1, 8, 8));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    if (step == 2) {
      seen = test.job(id);
      preview = test.get(seen["progress"]["preview"]).body;
    }
  };
  test.work();
  EXPECT_EQ(seen["status"], "running");
  EXPECT_EQ(seen["progress"]["phase"], "sampling");
  EXPECT_EQ(seen["progress"]["total"], 3);
  EXPECT_GT(seen["progress"]["fraction"], 0.05);
  EXPECT_EQ(preview.substr(1, 3), "PNG");
}

TEST(NativeJobs, AFailureIsTriedAgainAndThenSaysWhy) {
  TestService test;
  const std::string id = test.submit();
  test.renderer.on_step = [&](int, RenderContext&) {
    // Until the store has heard how far the first try got, or has had ten seconds for it.
    for (int i = 0; i < 2000 && test.job(id)["progress"]["phase"] != "sampling"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    throw std::runtime_error("[disk] expected room but got none");
  };
  test.work();
  EXPECT_EQ(test.job(id)["status"], "queued");
  while (test.job(id)["status"] == "queued") test.work();
  const json job = test.job(id);
  EXPECT_EQ(job["status"], "failed");
  EXPECT_EQ(job["attempts"], 6);  // the first one got somewhere, the five after it no further
  EXPECT_EQ(job["error"]["code"], "internal");
  test.renderer.on_step = {};
  const json again = test.send("POST", "/api/v1/jobs/" + id + "/retry").json()["jobs"][0];
  EXPECT_EQ(again["relation"], "retry");
  EXPECT_EQ(again["effective"]["seed"], job["effective"]["seed"]);
  test.work();
  EXPECT_EQ(test.job(again["id"])["status"], "succeeded");
}

TEST(NativeJobs, TheSameRetryTwiceIsOneJob) {
  TestService test;
  const std::string id = test.submit();
  const auto retry = [&] {
    return test.send("POST", "/api/v1/jobs/" + id + "/retry", {}, "idempotency-key: again\r\n");
  };
  const Answer first = retry(), second = retry();
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(first.json()["jobs"][0]["id"], second.json()["jobs"][0]["id"]);
}

// Archives come from anybody: what they say of kinship may be a circle.
TEST(NativeJobs, LineageOfItsOwnParentEnds) {
  TestService test;
  store::Job job = *test.service->jobs().find(test.submit());
  job.created_ms = 1'700'000'000'000;
  job.id = store::new_id("video", job.created_ms);
  job.parent = job.id;
  job.status = store::JobStatus::cancelled;
  ASSERT_TRUE(test.service->jobs().adopt(job));
  const json lineage = test.get("/api/v1/jobs/" + job.id + "/lineage").json();
  EXPECT_EQ(lineage["ancestors"].size(), 0u);
  EXPECT_EQ(lineage["descendants"].size(), 0u);
}

TEST(NativeJobs, AWorkerThatFallsSilentLosesItsJobToAnother) {
  TestService test;
  const std::string id = test.submit();
  const auto claim = test.service->jobs().claim("dead", {"video"}, 50);
  ASSERT_TRUE(claim);
  for (int i = 0; i < 100 && test.job(id)["status"] != "queued"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(test.job(id)["status"], "queued");
  while (test.job(id)["status"] == "queued") test.work();
  EXPECT_EQ(test.job(id)["status"], "succeeded");
  EXPECT_FALSE(test.service->jobs().finish(*claim, {}));
  EXPECT_EQ(test.renderer.renders, 1);
}

TEST(NativeJobs, TheLibraryCanBeSearchedSortedAndEmptied) {
  TestService test;
  const std::string cat = test.submit("a red cat"), dog = test.submit("a blue dog");
  while (test.work()) {
  }
  const auto ids = [&](const std::string& query) {
    std::vector<std::string> found;
    const json page = test.get("/api/v1/jobs?" + query).json();
    for (const json& job : page["jobs"]) found.push_back(job["id"]);
    return found;
  };
  EXPECT_EQ(ids("q=cat"), std::vector{cat});
  EXPECT_EQ(ids("order=asc"), (std::vector{cat, dog}));
  EXPECT_EQ(ids("limit=1"), std::vector{dog});
  EXPECT_EQ(ids("limit=1&after=" + dog), std::vector{cat});
  test.send_json("PATCH", "/api/v1/jobs/" + cat, {{"favourite", true}, {"folder", "pets"}, {"title", "Tom"}});
  EXPECT_EQ(ids("favourite=true"), std::vector{cat});
  EXPECT_EQ(ids("folder=pets"), std::vector{cat});
  EXPECT_EQ(test.get("/api/v1/folders").json()["folders"], json{"pets"});
  test.send_json("PATCH", "/api/v1/jobs/" + dog, {{"trashed", true}});
  EXPECT_EQ(ids(""), std::vector{cat});
  EXPECT_EQ(ids("trashed=true"), std::vector{dog});
  EXPECT_EQ(test.send_json("PATCH", "/api/v1/jobs/" + dog, {{"owner", "me"}}).status, 400);
  EXPECT_EQ(test.send("DELETE", "/api/v1/jobs/" + dog).status, 204);
  EXPECT_EQ(test.get("/api/v1/jobs/" + dog).status, 404);
  EXPECT_EQ(test.get("/api/v1/jobs?limit=0").status, 400);
  EXPECT_EQ(test.get("/api/v1/jobs?status=odd").status, 400);
}

TEST(NativeJobs, LineageNamesParentsAndChildren) {
  TestService test;
  const std::string first = test.submit("one");
  const std::string second = test.submit("two", {{"parent", first}, {"relation", "remix"}});
  const std::string third = test.submit("three", {{"parent", second}, {"relation", "remix"}});
  const json lineage = test.get("/api/v1/jobs/" + second + "/lineage").json();
  ASSERT_EQ(lineage["ancestors"].size(), 1u);
  EXPECT_EQ(lineage["ancestors"][0]["id"], first);
  ASSERT_EQ(lineage["descendants"].size(), 1u);
  EXPECT_EQ(lineage["descendants"][0]["id"], third);
}

struct SilentStream : net::Stream {
  bool send(std::string) override { return true; }
  std::size_t waiting() const override { return 0; }
  void close() override {}
  bool is_open() const override { return true; }
};

TEST(NativeEvents, AnAccountHasBoundedlyManyStreams) {
  TestService test;
  EventHub hub(*test.service);
  const auto always = [] { return true; };
  for (int i = 0; i < 1024; ++i) {
    hub.require_room("ann");
    hub.listen(std::make_shared<SilentStream>(), "ann", 0, always);
  }
  EXPECT_THROW(hub.require_room("ann"), net::HttpError);
  EXPECT_NO_THROW(hub.require_room("bob"));
}

TEST(NativeEvents, TellWhatHappensAndGoOnWhereTheyStopped) {
  TestService test;
  net::TestClient client(test.app->port());
  client.send("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_NE(client.read_until("event: hello").find("text/event-stream"), std::string::npos);
  const std::string id = test.submit();
  const std::string queued = client.read_until("\"version\"");
  EXPECT_NE(queued.find("event: job"), std::string::npos);
  EXPECT_NE(queued.find(id), std::string::npos);
  const std::string number = queued.substr(queued.rfind("id: ") + 4, 20);
  test.work();
  EXPECT_NE(client.read_until("\"succeeded\"").find("\"succeeded\""), std::string::npos);
  client.close();
  net::TestClient again(test.app->port());
  again.send(fmt::format("GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\nlast-event-id: {}\r\n\r\n",
                         std::atoi(number.c_str())));
  EXPECT_NE(again.read_until("\"succeeded\"").find("event: job"), std::string::npos);
}

TEST(NativeLibrary, NamesModelsAndTheWordsOfTheWorld) {
  TestService test;
  bool tiny = false;
  const json models = test.get("/api/v1/models").json();
  for (const json& model : models["models"]) tiny |= model["id"] == kTinyModel && model["ready"];
  EXPECT_TRUE(tiny);
  const json words = test.get("/api/v1/world/words").json();
  EXPECT_EQ(words["en"]["subjects"].size(), words["zh"]["subjects"].size());
  EXPECT_EQ(words["en"]["subjects"][0][0], words["zh"]["subjects"][0][0]);
  EXPECT_EQ(words["en"]["subjects"].size(), words["fits"]["subjects"].size());
  EXPECT_EQ(words["fits"]["subjects"]["fish"], json::parse(R"({"sea": {"actions": ["swim"], "times": ["day", "sunset",
                                                 "night"], "weathers": ["clear"]}})"));
  EXPECT_EQ(words["fits"]["colors"]["space"]["night"].dump().find("black"), std::string::npos);
  EXPECT_EQ(test.get("/api/v1/world/ideas?language=zh").json()["ideas"].size(), 8u);
}

TEST(Shared, APageForEverybodyUntilItIsRevoked) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  const std::string admin = "authorization: Bearer " +
                            test.service->accounts()
                                .create_key(test.service->accounts().create("ann", "password1", store::Role::admin).id,
                                            "k", store::Scope::admin)
                                .secret +
                            "\r\n";
  const json made = test.send_json("POST", "/api/v1/jobs", tiny_request("<b>\"cat\"</b>"), admin).json()["jobs"][0];
  test.work();
  const std::string path = "/api/v1/jobs/" + made["id"].get<std::string>() + "/share";
  EXPECT_EQ(test.send("POST", path).status, 401);
  const std::string url = test.send("POST", path, "", admin).json()["share_url"];
  const Answer page = test.get(url);
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("&lt;b&gt;&quot;cat&quot;"), std::string::npos);
  EXPECT_EQ(page.body.find("<b>"), std::string::npos);
  EXPECT_EQ(page.headers.get("x-robots-tag"), "noindex");
  EXPECT_EQ(test.get(url + "/video").status, 200);
  test.send("DELETE", path, "", admin);
  EXPECT_EQ(test.get(url).status, 404);
  EXPECT_EQ(test.get(url + "/video").status, 404);
}

}  // namespace
}  // namespace hotshot::service
