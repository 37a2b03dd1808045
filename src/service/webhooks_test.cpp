#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "net/server.h"
#include "service/test_support.h"
#include "service/webhook_signature.h"

namespace hotshot::service {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

/// Hears what is sent to it; answers 200, or what `answer` says.
class Receiver {
 public:
  Receiver() {
    router_.add("POST", "/hook", [this](net::Request& request) {
      std::function<net::Response()> answer;
      {
        const std::lock_guard lock(mutex_);
        heard_.push_back(request);
        answer = answer_;
      }
      return answer ? answer() : net::Response::text("thanks");
    });
    server_.emplace(net::ServerOptions{}, router_);
  }
  std::string host() const { return fmt::format("127.0.0.1:{}", server_->port()); }
  std::string url() const { return fmt::format("http://{}/hook", host()); }
  void answer(std::function<net::Response()> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  /// The nth message, waited for.
  net::Request message(std::size_t n, milliseconds patience = milliseconds(10'000)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      {
        const std::lock_guard lock(mutex_);
        if (heard_.size() > n) return heard_[n];
      }
      std::this_thread::sleep_for(milliseconds(5));
    }
    throw std::runtime_error("no message came");
  }
  std::size_t messages() {
    const std::lock_guard lock(mutex_);
    return heard_.size();
  }

 private:
  std::mutex mutex_;
  std::deque<net::Request> heard_;
  std::function<net::Response()> answer_;
  net::Router router_;
  std::optional<net::Server> server_;
};

/// A service that may reach a receiver.
struct WebhookService {
  Receiver receiver;
  TestService test{[this](ServiceConfig& config) { config.webhook_hosts = {receiver.host()}; }};

  json create(const json& more = json::object()) {
    json body{{"url", receiver.url()}};
    body.update(more);
    const Answer answer = test.send_json("POST", "/api/v1/webhooks", body);
    if (answer.status != 201) throw std::runtime_error(answer.body);
    return answer.json();
  }
  json log(const std::string& id) { return test.get("/api/v1/webhooks/" + id + "/deliveries").json()["deliveries"]; }
  /// The newest delivery, once it is in this state and, where that is "waiting", after a try.
  json recorded(const std::string& id, const std::string& state) {
    for (int i = 0; i < 2000; ++i) {
      const json deliveries = log(id);
      if (!deliveries.empty() && deliveries[0]["state"] == state &&
          (state != "waiting" || !deliveries[0]["error"].is_null()))
        return deliveries[0];
      std::this_thread::sleep_for(milliseconds(5));
    }
    throw std::runtime_error("no delivery was recorded");
  }
};

void expect_signed(const net::Request& message, const std::string& secret, int signatures = 1) {
  const std::string all = message.headers.get("webhook-signature");
  EXPECT_EQ(1 + std::count(all.begin(), all.end(), ' '), signatures) << all;
  const std::string at = message.headers.get("webhook-timestamp");
  EXPECT_NEAR(std::stod(at), static_cast<double>(store::now_ms()) / 1000, 60.0);
  EXPECT_NE(all.find(webhook_signature(secret, message.headers.get("webhook-id"), std::stoll(at), message.body.text())),
            std::string::npos);
}

TEST(WebhookSignature, IsWhatTheStandardSays) {
  EXPECT_EQ(webhook_signature("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "evt_test_1", 1790000000,
                              R"({"id":"evt_test_1","object":"event","type":"video.completed","created_at":1790000000,)"
                              R"("data":{"id":"video_1"}})"),
            "v1,1sP0filySkBhvDKUmih0nLgR5Q1xv8G12aVkjSqC4eo=");
  const std::string secret = new_webhook_secret();
  EXPECT_TRUE(secret.starts_with("whsec_"));
  EXPECT_NE(secret, new_webhook_secret());
  EXPECT_NE(webhook_signature(secret, "a", 1, "b"), webhook_signature(secret, "a", 1, "c"));
  EXPECT_EQ(webhook_secret_hint("whsec_abcdef"), "whsec_…cdef");
  EXPECT_THROW(webhook_signature("secret", "a", 1, "b"), std::runtime_error);
  EXPECT_THROW(webhook_signature("whsec_#", "a", 1, "b"), std::runtime_error);
}

TEST(Webhooks, AnEndedClipIsTold) {
  WebhookService with;
  const json made = with.create();
  const std::string job = with.test.submit();
  const std::string cancelled = with.test.submit("another");
  with.test.send("POST", "/api/v1/jobs/" + cancelled + "/cancel");
  with.test.work();
  std::map<std::string, net::Request> messages;
  for (int i = 0; i < 2; ++i) {
    const net::Request message = with.receiver.message(i);
    messages.emplace(json::parse(message.body.text())["data"]["id"], message);
  }
  for (const auto& [id, type] : {std::pair{job, "video.completed"}, {cancelled, "video.failed"}}) {
    const net::Request& message = messages.at(id);
    const json body = json::parse(message.body.text());
    EXPECT_EQ(body["type"], type);
    EXPECT_EQ(body["object"], "event");
    EXPECT_EQ(body["id"], message.headers.get("webhook-id"));
    EXPECT_TRUE(body["created_at"].is_number_integer());
    EXPECT_EQ(message.headers.get("content-type"), "application/json");
    expect_signed(message, made["secret"]);
  }
  const json delivery = with.recorded(made["webhook"]["id"], "delivered");
  EXPECT_EQ(delivery["status"], 200);
  EXPECT_EQ(delivery["error"], nullptr);
  EXPECT_EQ(delivery["next_ms"], nullptr);
}

TEST(Webhooks, WhatIsNotTakenIsSentAgainWithTheSameId) {
  WebhookService with;
  const json made = with.create();
  with.receiver.answer([] { return net::Response::redirect("/hook", 307); });
  with.test.submit();
  with.test.work();
  const net::Request first = with.receiver.message(0);
  const json failed = with.recorded(made["webhook"]["id"], "waiting");
  EXPECT_EQ(failed["status"], 307);
  EXPECT_EQ(failed["error"], "expected a status of 200 to 299 but got 307");
  EXPECT_GT(failed["next_ms"], store::now_ms());
  EXPECT_EQ(with.receiver.messages(), 1u);  // and not where it led to
  with.receiver.answer([] { return net::Response::empty(); });
  const std::string retry = fmt::format("/api/v1/webhooks/{}/deliveries/{}/retry", std::string(made["webhook"]["id"]),
                                        std::string(failed["id"]));
  EXPECT_EQ(with.test.send("POST", retry).status, 204);
  const net::Request second = with.receiver.message(1);
  EXPECT_EQ(second.headers.get("webhook-id"), first.headers.get("webhook-id"));
  EXPECT_EQ(second.body.text(), first.body.text());
  EXPECT_EQ(with.recorded(made["webhook"]["id"], "delivered")["attempts"], 2);
}

TEST(Webhooks, AServiceThatEndsPutsBackWhatItWasSending) {
  WebhookService with;
  const json made = with.create();
  std::promise<void> release;
  with.receiver.answer([waits = release.get_future().share()] {
    waits.wait_for(std::chrono::seconds(8));
    return net::Response::text("late");
  });
  with.test.submit();
  with.test.work();
  const net::Request first = with.receiver.message(0);
  const auto began = std::chrono::steady_clock::now();
  with.test.app.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
  with.receiver.answer({});
  release.set_value();
  with.test.app = std::make_unique<App>(*with.test.service);
  const net::Request second = with.receiver.message(1, milliseconds(5000));
  EXPECT_EQ(second.headers.get("webhook-id"), first.headers.get("webhook-id"));
  EXPECT_EQ(with.recorded(made["webhook"]["id"], "delivered")["attempts"], 1);
}

TEST(Webhooks, NativeCalls) {
  WebhookService with;
  const auto path = [](const json& webhook) { return "/api/v1/webhooks/" + std::string(webhook["id"]); };
  const json made = with.create({{"name", "mine"}, {"events", {"video.failed"}}});
  const json webhook = made["webhook"];
  EXPECT_EQ(webhook["name"], "mine");
  EXPECT_EQ(webhook["events"], json({"video.failed"}));
  EXPECT_EQ(webhook["enabled"], true);
  EXPECT_EQ(webhook["old_secret_until_ms"], nullptr);
  EXPECT_EQ(webhook["hint"], webhook_secret_hint(std::string(made["secret"])));
  const json list = with.test.get("/api/v1/webhooks").json();
  EXPECT_EQ(list["webhooks"], json::array({webhook}));
  EXPECT_EQ(list["events"], json({"video.completed", "video.failed"}));
  EXPECT_EQ(list.dump().find(std::string(made["secret"])), std::string::npos);
  EXPECT_EQ(with.test.get(path(webhook)).json(), webhook);

  const auto patch = [&](const json& change) { return with.test.send_json("PATCH", path(webhook), change); };
  EXPECT_EQ(patch({{"enabled", false}}).json()["enabled"], false);
  EXPECT_EQ(patch({{"enabled", true}, {"events", {"video.completed"}}}).json()["events"], json({"video.completed"}));
  for (const json& change : {json{{"events", {"video.exploded"}}}, json{{"events", json::array()}},
                             json{{"events", "x"}}, json{{"name", ""}}, json{{"url", "http://example.com/"}},
                             json{{"url", "https://10.0.0.1/"}}, json{{"url", "nothing"}}, json{{"enabled", 1}}}) {
    EXPECT_EQ(patch(change).status, 400) << change;
  }

  const json rotated = with.test.send_json("POST", path(webhook) + "/rotate", {{"keep_old", true}}).json();
  EXPECT_NE(rotated["secret"], made["secret"]);
  EXPECT_GT(rotated["webhook"]["old_secret_until_ms"], store::now_ms());
  const json tested = with.test.send_json("POST", path(webhook) + "/test", json::object()).json();
  EXPECT_EQ(tested, (json{{"delivered", true}, {"status", 200}, {"error", nullptr}}));
  expect_signed(with.receiver.message(0), rotated["secret"], 2);
  expect_signed(with.receiver.message(0), made["secret"], 2);
  with.test.send_json("POST", path(webhook) + "/rotate", json::object());
  with.receiver.answer([] { return net::Response::text("no", "text/plain", 500); });
  const json refused = with.test.send_json("POST", path(webhook) + "/test", {{"event_type", "video.failed"}}).json();
  EXPECT_EQ(refused["delivered"], false);
  EXPECT_EQ(refused["status"], 500);
  EXPECT_EQ(json::parse(with.receiver.message(1).body.text())["type"], "video.failed");
  EXPECT_EQ(with.receiver.message(1).headers.get("webhook-signature").find(' '), std::string::npos);
  EXPECT_EQ(with.test.send_json("POST", path(webhook) + "/test", {{"event_type", "x"}}).status, 400);

  EXPECT_EQ(with.log(webhook["id"]), json::array());
  EXPECT_EQ(with.test.send("POST", path(webhook) + "/deliveries/delivery_1/retry").status, 404);
  EXPECT_EQ(with.test.send("DELETE", path(webhook)).status, 204);
  for (const auto& [method, rest] : {std::pair{"GET", ""},
                                     {"PATCH", ""},
                                     {"DELETE", ""},
                                     {"POST", "/rotate"},
                                     {"POST", "/test"},
                                     {"GET", "/deliveries"}}) {
    EXPECT_EQ(with.test.send(method, path(webhook) + rest).status, 404) << method << rest;
  }
}

TEST(Webhooks, OnlyListedHostsAreReachedInTheLocalNetwork) {
  Receiver receiver;
  TestService test;
  const auto create = [&](const std::string& url) {
    return test.send_json("POST", "/api/v1/webhooks", {{"url", url}});
  };
  EXPECT_EQ(create(receiver.url()).status, 400);
  EXPECT_EQ(create("https://169.254.169.254/latest").status, 400);
  EXPECT_EQ(create("https://user:secret@example.com/").status, 400);
  EXPECT_EQ(create("https://example.com:25/").status, 400);
  // A name is looked up when it is sent to.
  const json made = create("https://localhost:" + receiver.host().substr(10) + "/hook").json();
  const json tested =
      test.send_json("POST", "/api/v1/webhooks/" + std::string(made["webhook"]["id"]) + "/test", json::object()).json();
  EXPECT_EQ(tested["delivered"], false);
  EXPECT_EQ(tested["status"], nullptr);
  EXPECT_NE(std::string(tested["error"]).find("expected a public address"), std::string::npos) << tested;
  EXPECT_EQ(receiver.messages(), 0u);
}

TEST(Webhooks, OfOthersAreNotThere) {
  TestService test([](ServiceConfig& config) { config.sign_in = "always"; });
  std::vector<std::string> keys;
  for (const char* name : {"Ann", "Bob"}) {
    const auto account = test.service->accounts().create(name, "correct horse", store::Role::member);
    keys.push_back("authorization: Bearer " +
                   test.service->accounts().create_key(account.id, "k", store::Scope::generate).secret + "\r\n");
  }
  const json made =
      test.send_json("POST", "/api/v1/webhooks", {{"url", "https://example.com/"}}, keys[0]).json()["webhook"];
  const std::string id = made["id"];
  EXPECT_EQ(test.get("/api/v1/webhooks/" + id, keys[0]).status, 200);
  EXPECT_EQ(test.get("/api/v1/webhooks/" + id, keys[1]).status, 404);
  EXPECT_EQ(test.get("/v1/webhook_endpoints/" + id, keys[1]).status, 404);
  EXPECT_EQ(test.get("/api/v1/webhooks/" + id + "/deliveries", keys[1]).status, 404);
  EXPECT_EQ(test.send("DELETE", "/v1/webhook_endpoints/" + id, "", keys[1]).status, 404);
  EXPECT_EQ(test.get("/api/v1/webhooks", keys[1]).json()["webhooks"], json::array());
  const std::string ann = test.service->accounts().list().at(0).id;
  EXPECT_EQ(test.service->webhooks().list(ann).size(), 1u);
  test.service->accounts().create("Admin", "correct horse", store::Role::admin);
  test.service->accounts().remove(ann);
  EXPECT_TRUE(test.service->webhooks().list(ann).empty());
}

TEST(OpenAiWebhooks, AnswerAsTheOriginal) {
  WebhookService with;
  EXPECT_EQ(with.test.get("/v1/webhook_event_types").json(),
            (json{{"object", "list"}, {"data", {"video.completed", "video.failed"}}}));
  const json fields{{"name", "mine"}, {"url", with.receiver.url()}, {"event_types", {"video.completed"}}};
  const json made = with.test.send_json("POST", "/v1/webhook_endpoints", fields).json();
  const std::string path = "/v1/webhook_endpoints/" + std::string(made["id"]);
  EXPECT_EQ(made["object"], "webhook_endpoint");
  EXPECT_TRUE(std::string(made["signing_secret"]).starts_with("whsec_"));
  json shown = made;
  shown.erase("signing_secret");
  EXPECT_EQ(with.test.get(path).json(), shown);
  EXPECT_EQ(with.test.send_json("POST", path, json::object()).json(), shown);
  EXPECT_EQ(with.test.send_json("POST", path, {{"name", "other"}}).json()["name"], "other");
  for (int i = 0; i < 4; ++i) with.test.send_json("POST", "/v1/webhook_endpoints", fields);
  std::vector<std::string> ids;
  for (std::string after; ids.size() < 10;) {
    const json page = with.test.get("/v1/webhook_endpoints?limit=2" + after).json();
    for (const json& one : page["data"]) ids.push_back(one["id"]);
    EXPECT_EQ(page["last_id"], page["data"].back()["id"]);
    if (!page["has_more"]) break;
    after = "&after=" + ids.back();
  }
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(ids[0], made["id"]);

  const json rotated = with.test.send_json("POST", path + "/rotate_secret", json::object()).json();
  EXPECT_NE(rotated["signing_secret"], made["signing_secret"]);
  EXPECT_EQ(with.test.send_json("POST", path + "/test", {{"event_type", "video.completed"}}).json(),
            (json{{"object", "webhook_endpoint.test"},
                  {"webhook_endpoint_id", made["id"]},
                  {"event_type", "video.completed"},
                  {"status_code", 200},
                  {"success", true}}));
  expect_signed(with.receiver.message(0), rotated["signing_secret"]);
  const json error = with.test
                         .send_json("POST", "/v1/webhook_endpoints",
                                    {{"name", "x"}, {"url", "https://example.com/"}, {"event_types", {"batch.failed"}}})
                         .json()["error"];
  EXPECT_EQ(error["code"], "invalid_request");
  EXPECT_EQ(error["param"], "event_types");
  EXPECT_EQ(with.test.send("DELETE", path).json(),
            (json{{"id", made["id"]}, {"object", "webhook_endpoint.deleted"}, {"deleted", true}}));
  EXPECT_EQ(with.test.get(path).status, 404);
}

TEST(OpenAiWebhooks, ATestThatNobodyAnswersIsRefusedForGood) {
  std::string host;
  {
    Receiver gone;
    host = gone.host();
  }
  TestService test([&](ServiceConfig& config) { config.webhook_hosts = {host}; });
  const json made = test.send_json("POST", "/v1/webhook_endpoints",
                                   {{"name", "x"}, {"url", "http://" + host + "/"}, {"event_types", {"video.failed"}}})
                        .json();
  const Answer answer = test.send_json("POST", "/v1/webhook_endpoints/" + std::string(made["id"]) + "/test",
                                       {{"event_type", "video.failed"}});
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.json()["error"]["code"], "no_answer");
  EXPECT_EQ(answer.headers.get("x-should-retry"), "false");
}

}  // namespace
}  // namespace hotshot::service
