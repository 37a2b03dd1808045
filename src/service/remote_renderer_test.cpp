#include "service/remote_renderer.h"

#include <gtest/gtest.h>

#include "service/remote_test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

net::Response refusal(int status, const json& error, const std::string& wait = {}) {
  net::Response response = net::Response::json({{"error", error}}, status);
  if (!wait.empty()) response.headers.set("retry-after-ms", wait);
  return response;
}

class Interfaces : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(All, Interfaces, testing::Values("openai", "xai", "openrouter"));

TEST_P(Interfaces, TheClipIsKeptAsItCameWithOurFilesBesideIt) {
  FakeProvider west(GetParam());
  TestRelay relay(west);
  const json job = relay.make({{"seed", 7}});
  ASSERT_EQ(job["status"], "succeeded") << job.dump(1);
  EXPECT_EQ(relay.test.get(job["files"]["video"]["url"]).body, west.clip);
  EXPECT_EQ(job["files"]["video"]["type"], "video/mp4");
  for (const char* role : {"gif", "thumbnail", "spritesheet"}) EXPECT_TRUE(job["files"].contains(role)) << role;
  EXPECT_EQ(job["effective"]["provider"], "west");
  EXPECT_EQ(job["effective"]["remote_model"], "tiny");
  EXPECT_EQ(job["effective"]["remote_id"], "r-1");
  EXPECT_EQ(job["effective"]["frames"], 8);
  EXPECT_EQ(job["effective"]["fps"], 8);
  EXPECT_EQ(job["effective"]["seed"], 7);
  EXPECT_EQ(job["warnings"], json::array());
  EXPECT_EQ(west.count("POST"), 1);
  for (const net::Request& request : west.seen()) {
    EXPECT_EQ(request.headers.get("authorization"), std::string("Bearer ") + kWestKey);
    if (request.method != "POST") continue;
    EXPECT_EQ(request.headers.get("idempotency-key"), job["id"]);
    const json body = json::parse(request.body.text());
    EXPECT_EQ(body["model"], "tiny");
    EXPECT_EQ(body["prompt"], "a red cat");
    EXPECT_EQ(body["seed"], 7);
  }
}

TEST_P(Interfaces, AStoppedWorkersClipIsWaitedForByTheNext) {
  FakeProvider west(GetParam());
  west.polls_until_done = 1'000'000;
  TestRelay relay(west);
  const std::string id = relay.submit();
  Worker first(*relay.test.service, relay.renderer, {.name = "first"});
  std::jthread stopper([&] {
    while (west.count("GET") < 3) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    first.stop();
  });
  first.run_one();
  EXPECT_EQ(relay.test.job(id)["status"], "queued");
  EXPECT_EQ(west.count("DELETE"), 0);
  west.polls_until_done = 0;
  relay.work("second");
  EXPECT_EQ(relay.test.job(id)["status"], "succeeded");
  EXPECT_EQ(west.count("POST"), 1);
}

// What a worker that was killed leaves behind: a lease that runs out, and the settings of that moment.
void leave_behind(TestRelay& relay, const json& remembered) {
  store::JobStore& jobs = relay.test.service->jobs();
  const store::Claim claim = jobs.claim("killed", relay.renderer.lanes(), 1).value();
  json effective = claim.job.effective;
  effective.update(remembered);
  ASSERT_TRUE(jobs.set_effective(claim, effective, claim.job.warnings));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  jobs.reap();
}

TEST_P(Interfaces, AKilledWorkersClipIsWaitedForByTheNext) {
  FakeProvider west(GetParam());
  TestRelay relay(west);
  const std::string id = relay.submit();
  leave_behind(relay, {{"remote_id", "r-1"}});
  relay.work();
  EXPECT_EQ(relay.test.job(id)["status"], "succeeded");
  EXPECT_EQ(west.count("POST"), 0);
}

TEST(RemoteRenderer, KilledWhileAskingAsksAgainOnlyWhereThatMakesNoSecondClip) {
  for (const bool idempotent : {false, true}) {
    FakeProvider west("openai");
    TestRelay relay(west, {{"idempotent", idempotent}});
    const std::string id = relay.submit();
    leave_behind(relay, {{"remote_asked", true}});
    relay.work();
    const json job = relay.test.job(id);
    EXPECT_EQ(job["status"], idempotent ? "succeeded" : "failed");
    EXPECT_EQ(west.count("POST"), idempotent ? 1 : 0);
    if (!idempotent) {
      EXPECT_EQ(job["error"]["code"], "provider_unknown");
    }
  }
}

TEST(RemoteRenderer, SaysWhatTheProviderRefused) {
  struct Case {
    int status;
    json error;
    const char* code;
    const char* message;
  };
  for (const Case& c : {
           Case{400,
                {{"code", "moderation_blocked"}, {"message", "not that"}},
                "moderation",
                "[provider] west: not that"},
           Case{
               400, {{"code", "bad"}, {"message", "no such size"}}, "invalid_request", "[provider] west: no such size"},
           Case{404, "no model", "provider_failed", "[provider] west: no model"},
           Case{402, {{"message", "no credit"}}, "provider_refused", "[provider] west: no credit"},
           Case{401,
                {{"message", "bad key sk-west-7f3a9c"}},
                "provider_refused",
                "[provider] west: it refuses the key of this service"},
           Case{422,
                {{"message", "the key sk-west-7f3a9c\nis old"}},
                "invalid_request",
                "[provider] west: the key … is old"},
       }) {
    FakeProvider west("openai");
    west.instead["POST"] = [&](net::Request&) { return refusal(c.status, c.error); };
    TestRelay relay(west);
    const json job = relay.make();
    EXPECT_EQ(job["status"], "failed");
    EXPECT_EQ(job["error"]["code"], c.code);
    EXPECT_EQ(job["error"]["message"], c.message);
    EXPECT_EQ(west.count("POST"), 1);
    EXPECT_EQ(job.dump().find(kWestKey), std::string::npos);
  }
}

TEST(RemoteRenderer, WaitsWhereItWasCertainlyNotHeard) {
  FakeProvider west("openai");
  std::atomic<int> asked = 0;
  west.instead["POST"] = [&](net::Request&) {
    if (++asked <= 2) return refusal(asked == 1 ? 429 : 503, "later", "20");
    return net::Response::json({{"id", "r-1"}, {"status", "queued"}});
  };
  TestRelay relay(west);
  EXPECT_EQ(relay.make()["status"], "succeeded");
  EXPECT_EQ(west.count("POST"), 3);
}

TEST(RemoteRenderer, NeverAsksTwiceWhereTheFirstMayHaveBeenHeard) {
  FakeProvider west("openai");
  west.instead["POST"] = [&](net::Request&) { return refusal(502, "no answer from behind"); };
  TestRelay relay(west);
  const json job = relay.make();
  EXPECT_EQ(job["error"]["code"], "provider_unknown");
  EXPECT_EQ(west.count("POST"), 1);
  // Where the header makes both one, it asks again with the same.
  FakeProvider east("xai");
  std::atomic<int> asked = 0;
  east.instead["POST"] = [&](net::Request&) {
    return ++asked == 1 ? refusal(502, "no answer") : net::Response::json({{"request_id", "r-1"}});
  };
  TestRelay other(east);
  EXPECT_EQ(other.make()["status"], "succeeded");
  std::set<std::string> keys;
  for (const net::Request& request : east.seen())
    if (request.method == "POST") keys.insert(request.headers.get("idempotency-key"));
  EXPECT_EQ(east.count("POST"), 2);
  EXPECT_EQ(keys.size(), 1u);
}

TEST(RemoteRenderer, ALookThatFailsIsMadeAgain) {
  FakeProvider west("openai");
  std::atomic<int> looks = 0;
  west.instead["GET"] = [&](net::Request& request) {
    if (request.path.ends_with("/content")) return ++looks < 6 ? refusal(503, "busy") : net::Response::text(west.clip);
    if (++looks == 1) return refusal(404, "not yet");
    if (looks < 4) return refusal(500, "oops");
    return net::Response::json({{"status", "completed"}});
  };
  TestRelay relay(west);
  EXPECT_EQ(relay.make()["status"], "succeeded");
}

TEST(RemoteRenderer, GivesUpOnAProviderThatIsGone) {
  json table;
  {
    FakeProvider west("openai");
    table = west.table();
  }
  FakeProvider other("openai");
  TestRelay relay(other, {{"url", table["url"]}});
  const json job = relay.make();
  EXPECT_EQ(job["status"], "failed");
  EXPECT_EQ(job["error"]["code"], "provider_unavailable");
}

TEST(RemoteRenderer, AFailureThereIsAFailureHere) {
  FakeProvider west("openai");
  west.instead["GET"] = [&](net::Request&) {
    return net::Response::json(
        {{"status", "failed"}, {"error", {{"code", "out_of_memory"}, {"message", "too large"}}}});
  };
  TestRelay relay(west);
  EXPECT_EQ(relay.make()["error"]["message"], "[provider] west: too large");
  FakeProvider east("xai");
  east.instead["GET"] = [&](net::Request&) {
    return net::Response::json({{"status", "done"}, {"video", {{"url", ""}, {"respect_moderation", false}}}});
  };
  TestRelay other(east);
  EXPECT_EQ(other.make()["error"]["code"], "moderation");
}

TEST(RemoteRenderer, ACancelReachesTheProvider) {
  FakeProvider west("openai");
  west.polls_until_done = 1'000'000;
  TestRelay relay(west);
  const std::string id = relay.submit();
  std::jthread canceller([&] {
    while (west.count("GET") < 2) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    relay.test.send("POST", "/api/v1/jobs/" + id + "/cancel");
  });
  relay.work();
  EXPECT_EQ(relay.test.job(id)["status"], "cancelled");
  EXPECT_EQ(west.count("DELETE", "/v1/videos/r-1"), 1);
}

TEST(RemoteRenderer, RefusesFilesThatAreNoClips) {
  for (const std::string& file : {std::string("<html>no clip</html>"), std::string(), small_clip().substr(0, 700),
                                  small_clip("clip.webm"), std::string(5000, '\0')}) {
    FakeProvider west("openai");
    west.clip = file;
    TestRelay relay(west);
    const json job = relay.make();
    EXPECT_EQ(job["status"], "failed");
    EXPECT_EQ(job["error"]["code"], "provider_file") << job.dump();
    EXPECT_EQ(job["files"], json::object());
  }
}

TEST(RemoteRenderer, ReachesNoPrivateAddressThatTheProviderNames) {
  FakeProvider inside("openai");
  for (const std::string& url : {inside.url() + "/videos/r-1/content", std::string("file:///etc/passwd"),
                                 std::string("https://127.0.0.1:1/x"), std::string("data:video/mp4;base64,%%")}) {
    FakeProvider west("xai");
    west.instead["GET"] = [&](net::Request&) {
      return net::Response::json({{"status", "done"}, {"video", {{"url", url}}}});
    };
    TestRelay relay(west);
    const json job = relay.make();
    EXPECT_EQ(job["status"], "failed") << url;
    EXPECT_EQ(inside.seen().size(), 0u);
  }
}

TEST(RemoteRenderer, AskedForAnIdThatIsNone) {
  for (const json& answer : {json{{"status", "queued"}}, json{{"id", 5}}, json{{"id", "../x"}}, json::array()}) {
    FakeProvider west("openai");
    west.instead["POST"] = [&](net::Request&) { return net::Response::json(answer); };
    TestRelay relay(west);
    EXPECT_EQ(relay.make()["error"]["code"], "provider_failed");
    EXPECT_EQ(west.count("POST"), 1);
  }
}

TEST(RemoteRenderer, LocalWorkersDoNotWaitForIt) {
  FakeProvider west("openai");
  TestRelay relay(west);
  relay.submit();
  EXPECT_FALSE(relay.test.work());
  const std::string here = relay.test.submit();
  EXPECT_TRUE(relay.test.work());
  EXPECT_EQ(relay.test.job(here)["status"], "succeeded");
}

}  // namespace
}  // namespace hotshot::service
