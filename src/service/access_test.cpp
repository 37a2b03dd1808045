#include "service/access.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

std::string bearer(const std::string& key) { return "authorization: Bearer " + key + "\r\n"; }

TEST(Access, AnOpenServiceOnThisMachineTakesAnyKeyAndNone) {
  TestService test;
  EXPECT_EQ(test.get("/api/v1/jobs").status, 200);
  EXPECT_EQ(test.get("/v1/videos", bearer("sk-anything")).status, 200);
  const json session = test.get("/api/v1/session").json();
  EXPECT_FALSE(session["sign_in"].get<bool>());
  EXPECT_EQ(session["account"]["name"], "local");
}

TEST(Access, ManyWhoGuessAreSlowedDownAndLockNobodyOut) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always", config.trusted_proxies = {"127.0.0.1"}; });
  test.service->accounts().create("Ann", "correct horse", store::Role::admin);
  const auto sign_in = [&](const std::string& password, int peer) {
    return test.send_json("POST", "/api/v1/session", {{"name", "Ann"}, {"password", password}},
                          fmt::format("x-forwarded-for: 8.8.0.{}\r\n", peer));
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("wrong horse", 1).status, 401);
  EXPECT_EQ(sign_in("correct horse", 1).status, 401);  // this peer waits for a quarter of an hour
  EXPECT_EQ(sign_in("correct horse", 2).status, 200);  // the others do not
  for (int i = 0; i < 15; ++i) EXPECT_EQ(sign_in("wrong horse", 100 + i).status, 401);
  const auto began = std::chrono::steady_clock::now();
  std::jthread others([&] {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(test.get("/healthz").status, 200);
  });
  const Answer answer = sign_in("correct horse", 3);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.headers.get("set-cookie"), "");
  EXPECT_NE(answer.headers.get("content-security-policy"), "");
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(1));
}

TEST(Access, OtherNamesAndOtherPagesAreRefused) {
  TestService test;
  EXPECT_EQ(test.get("/api/v1/jobs", "host: evil.example\r\n").status, 421);
  EXPECT_EQ(test.get("/api/v1/jobs", "host: localhost.evil.example:80\r\n").status, 421);
  EXPECT_EQ(test.get("/api/v1/jobs", "host: LOCALHOST:99\r\n").status, 200);
  EXPECT_EQ(test.get("/api/v1/jobs", "host: [::1]:99\r\n").status, 200);
  const json body = tiny_request();
  EXPECT_EQ(test.send_json("POST", "/api/v1/jobs", body, "origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(test.send_json("POST", "/v1/videos", body, "origin: null\r\n").status, 403);
  EXPECT_EQ(test.send_json("POST", "/api/v1/jobs", body, "origin: http://localhost:9999\r\n").status,
            403);  // another program's
  EXPECT_EQ(test.send_json("POST", "/api/v1/jobs", body, "origin: http://localhost\r\n").status, 201);
  const Answer plain = test.get("/api/v1/jobs", "origin: https://evil.example\r\n");
  EXPECT_EQ(plain.headers.find("access-control-allow-origin"), nullptr);
}

TEST(Access, EveryAnswerKeepsPagesInTheirPlace) {
  TestService test;
  for (const char* path : {"/", "/api/v1/jobs", "/nothing.js", "/v1/videos/none"}) {
    const Answer answer = test.get(path);
    EXPECT_NE(answer.headers.get("content-security-policy").find("default-src 'self'"), std::string::npos) << path;
    EXPECT_EQ(answer.headers.get("content-security-policy").find("unsafe"), std::string::npos) << path;
    EXPECT_EQ(answer.headers.get("x-content-type-options"), "nosniff") << path;
  }
}

TEST(Access, SetUpSignInAndSession) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  EXPECT_EQ(test.get("/api/v1/jobs").status, 401);
  EXPECT_EQ(test.get("/api/v1/jobs", bearer("sk-anything")).status, 401);
  EXPECT_TRUE(test.get("/api/v1/session").json()["needs_setup"].get<bool>());
  EXPECT_NE(
      test.send_json("POST", "/api/v1/setup", {{"secret", "no"}, {"name", "ann"}, {"password", "password1"}}).status,
      200);
  const json setup{{"secret", test.service->accounts().setup_secret()}, {"name", "ann"}, {"password", "password1"}};
  const Answer made = test.send_json("POST", "/api/v1/setup", setup);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["account"]["role"], "admin");
  EXPECT_NE(test.send_json("POST", "/api/v1/setup", setup).status, 200);

  EXPECT_EQ(test.send_json("POST", "/api/v1/session", {{"name", "ann"}, {"password", "wrong"}}).status, 401);
  const Answer in = test.send_json("POST", "/api/v1/session", {{"name", "ann"}, {"password", "password1"}});
  ASSERT_EQ(in.status, 200);
  const std::string set = in.headers.get("set-cookie");
  EXPECT_NE(set.find("HttpOnly"), std::string::npos);
  EXPECT_NE(set.find("SameSite=Strict"), std::string::npos);
  const std::string cookie = "cookie: a=b; " + set.substr(0, set.find(';')) + "\r\n";
  EXPECT_EQ(test.get("/api/v1/jobs", cookie).status, 200);
  const json body = tiny_request();
  EXPECT_EQ(test.send_json("POST", "/api/v1/jobs", body, cookie).status, 403);  // no x-hotshot: another page's form
  EXPECT_EQ(test.send_json("POST", "/api/v1/jobs", body, cookie + "x-hotshot: 1\r\n").status, 201);
  test.send("DELETE", "/api/v1/session", "", cookie + "x-hotshot: 1\r\n");
  EXPECT_EQ(test.get("/api/v1/jobs", cookie).status, 401);
}

TEST(Access, KeysDoWhatTheirScopeSaysAndSeeTheirOwnersJobsAlone) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  store::Accounts& accounts = test.service->accounts();
  const store::Account ann = accounts.create("ann", "password1", store::Role::admin);
  const store::Account bob = accounts.create("bob", "password2", store::Role::member);
  const std::string reads = bearer(accounts.create_key(ann.id, "r", store::Scope::read).secret);
  const std::string makes = bearer(accounts.create_key(ann.id, "g", store::Scope::generate).secret);
  const std::string other = bearer(accounts.create_key(bob.id, "g", store::Scope::generate).secret);
  const json body = tiny_request();
  EXPECT_EQ(test.send_json("POST", "/api/v1/jobs", body, reads).status, 403);
  const Answer made = test.send_json("POST", "/api/v1/jobs", body, makes);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string id = made.json()["jobs"][0]["id"];
  EXPECT_EQ(test.get("/api/v1/jobs/" + id, reads).status, 200);
  EXPECT_EQ(test.get("/api/v1/jobs/" + id, other).status, 404);
  EXPECT_EQ(test.get("/v1/videos/" + id, other).status, 404);
  EXPECT_EQ(test.send("DELETE", "/api/v1/jobs/" + id, "", other).status, 404);
  EXPECT_TRUE(test.get("/api/v1/jobs", other).json()["jobs"].empty());

  // A key that makes clips makes no keys, and ends none.
  EXPECT_EQ(test.send_json("POST", "/api/v1/keys", {{"name", "w"}, {"scope", "read"}}, makes).status, 403);
  EXPECT_EQ(test.get("/api/v1/keys", makes).status, 403);
  const std::string keeps = bearer(accounts.create_key(ann.id, "k", store::Scope::admin).secret);
  const json key = test.send_json("POST", "/api/v1/keys", {{"name", "mine"}, {"scope", "read"}}, keeps).json();
  const std::string fresh = bearer(key["secret"]);
  EXPECT_EQ(test.get("/api/v1/jobs", fresh).status, 200);
  const json listed_keys = test.get("/api/v1/keys", keeps).json();
  EXPECT_EQ(listed_keys.dump().find(key["secret"].get<std::string>()), std::string::npos);
  test.send("DELETE", "/api/v1/keys/" + key["key"]["id"].get<std::string>(), "", makes);
  EXPECT_EQ(test.get("/api/v1/jobs", fresh).status, 200);
  test.send("DELETE", "/api/v1/keys/" + key["key"]["id"].get<std::string>(), "", keeps);
  EXPECT_EQ(test.get("/api/v1/jobs", fresh).status, 401);
}

TEST(Access, AServiceThatOthersReachThroughAProxyAsksWhoTheyAre) {
  for (const auto& reach :
       {std::function<void(ServiceConfig&)>([](ServiceConfig& c) { c.public_url = "https://clips.example.org"; }),
        std::function<void(ServiceConfig&)>([](ServiceConfig& c) { c.hosts = {"clips.example.org"}; })}) {
    TestService test(reach);
    EXPECT_EQ(test.get("/api/v1/jobs", "host: clips.example.org\r\n").status, 401);
    ServiceConfig config;
    reach(config);
    config.sign_in = "never";
    EXPECT_NE(message_of([&] { check_config(config); }), "");
  }
}

TEST(Access, NobodyAndOtherPagesCannotFillTheDisk) {
  TestService open;
  const auto head = [](TestService& test, const std::string& more) {
    net::TestClient client(test.app->port());
    client.send("POST /api/v1/import HTTP/1.1\r\nhost: localhost\r\n" + more + "content-length: 9000000000\r\n\r\n");
    return client.read_reply().status;  // before a byte of the body
  };
  EXPECT_EQ(head(open, "origin: https://evil.example\r\n"), 403);
  TestService closed([](ServiceConfig& config) { config.sign_in = "always"; });
  EXPECT_EQ(head(closed, ""), 401);
}

TEST(Access, AQuotaIsSaidAsOne) {
  TestService test([](ServiceConfig& config) { config.clips_per_day = 2; });
  test.submit();
  test.submit();
  const Answer third = test.send_json("POST", "/api/v1/jobs", tiny_request());
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.json()["error"]["code"], "quota_exceeded");
  EXPECT_NE(third.headers.find("retry-after"), nullptr);
  EXPECT_EQ(third.headers.get("x-should-retry"), "false");
  EXPECT_EQ(test.get("/api/v1/session").json()["quota"]["today"], 2);
}

TEST(Access, AfterSunsetNothingNewIsMadeAndWhatIsThereStays) {
  TestFolder folder;
  const auto keep = [&](ServiceConfig& config) { config.data = folder.path().string(); };
  std::string id;
  {
    TestService before(keep);
    id = before.submit();
    before.work();
  }
  TestService after([&](ServiceConfig& config) {
    keep(config);
    config.creation_ends = "2020-01-01", config.export_ends = "2099-01-01", config.sunset_message = "Thank you.";
  });
  const Answer refused = after.send_json("POST", "/api/v1/jobs", tiny_request());
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.json()["error"]["code"], "sunset");
  EXPECT_NE(refused.body.find("Thank you."), std::string::npos);
  EXPECT_EQ(after.send_json("POST", "/v1/videos", {{"prompt", "a"}, {"model", kTinyModel}}).status, 403);
  EXPECT_EQ(after.get("/api/v1/jobs/" + id + "/files/video").status, 200);
  EXPECT_EQ(after.get("/api/v1/session").json()["sunset"]["message"], "Thank you.");
}

TEST(Config, WhatCannotBeIsRefused) {
  const auto refused = [](const std::function<void(ServiceConfig&)>& change) {
    ServiceConfig config;
    change(config);
    return message_of([&] { check_config(config); });
  };
  EXPECT_EQ(refused([](ServiceConfig&) {}), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.address = "0.0.0.0", c.sign_in = "never"; }), "");
  EXPECT_EQ(refused([](ServiceConfig& c) { c.address = "0.0.0.0"; }), "");
  for (const char* none : {"avi", "mp4", "png", "jpg", "jpeg"})
    EXPECT_NE(refused([none](ServiceConfig& c) { c.formats = {none}; }), "") << none;
  EXPECT_NE(refused([](ServiceConfig& c) { c.creation_ends = "soon"; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.creation_ends = "2027-02-30"; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.export_ends = "2027-01-01"; }), "");
  EXPECT_NE(refused([](ServiceConfig& c) { c.creation_ends = "2027-02-01", c.export_ends = "2027-01-01"; }), "");
  EXPECT_EQ(parse_day("2026-11-25", "x"), 1795564800000);
}

}  // namespace
}  // namespace hotshot::service
