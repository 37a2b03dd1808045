#include "store/webhooks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/test_support.h"
#include "store/schema.h"
#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(WebhookEndpoints);
HOTSHOT_ON_EACH_DATABASE(WebhookOutbox);
HOTSHOT_ON_EACH_DATABASE(WebhookSending);

const std::vector<std::string> kBoth{"video.completed", "video.failed"};
constexpr std::int64_t kHour = 3600 * 1000;

struct WebhookStore : TestStore {
  Webhooks webhooks{*database};

  WebhookEndpoint endpoint(const std::string& account = "ann", const std::vector<std::string>& events = kBoth) {
    return webhooks.create(account, "mine", "https://example.com/hook", events, "whsec_1");
  }
  std::string ended(JobStatus status = JobStatus::succeeded, const std::string& owner = "ann") {
    add(new_job(owner));
    const Claim taken = claim();
    jobs.finish(taken, {.status = status});
    return taken.job.id;
  }
  std::vector<WebhookDelivery> log(const WebhookEndpoint& endpoint) { return webhooks.deliveries(endpoint.id, 1000); }
  WebhookClaim claimed() { return webhooks.claim(15'000).value(); }
  /// Makes what waits due, and endpoints ready.
  void wait_is_over() {
    database->query("UPDATE webhook_deliveries SET due_ms = 0");
    database->query("UPDATE webhook_endpoints SET rests_until_ms = 0");
  }
};

TEST_P(WebhookEndpoints, ComeBackAsTheyWereMade) {
  WebhookStore store;
  const WebhookEndpoint made = store.webhooks.create("ann", "Schnitt é", "https://a.example/x?y=1", kBoth, "whsec_abc");
  EXPECT_EQ(made.id.substr(0, 8), "webhook_");
  for (const WebhookEndpoint& got :
       {made, store.webhooks.find("ann", made.id).value(), store.webhooks.list("ann").at(0)}) {
    EXPECT_EQ(got.id, made.id);
    EXPECT_EQ(got.account, "ann");
    EXPECT_EQ(got.name, "Schnitt é");
    EXPECT_EQ(got.url, "https://a.example/x?y=1");
    EXPECT_EQ(got.events, kBoth);
    EXPECT_EQ(got.secret, "whsec_abc");
    EXPECT_EQ(got.old_secret, "");
    EXPECT_TRUE(got.enabled);
    EXPECT_EQ(got.failures, 0);
    EXPECT_EQ(got.created_ms, made.created_ms);
    EXPECT_EQ(got.updated_ms, made.created_ms);
  }
  EXPECT_FALSE(store.webhooks.find("bob", made.id));
  EXPECT_TRUE(store.webhooks.list("bob").empty());
  EXPECT_FALSE(store.webhooks.remove("bob", made.id));
  EXPECT_FALSE(store.webhooks.change("bob", made.id, {.name = "x"}));
  EXPECT_FALSE(store.webhooks.rotate("bob", made.id, "whsec_x", 0));
  EXPECT_TRUE(store.webhooks.remove("ann", made.id));
  EXPECT_FALSE(store.webhooks.find("ann", made.id));
}

TEST_P(WebhookEndpoints, AreCheckedAndFew) {
  WebhookStore store;
  const auto refused = [&](const std::string& name, const std::vector<std::string>& events) {
    return message_of([&] { store.webhooks.create("ann", name, "https://a.example/", events, "whsec_1"); });
  };
  EXPECT_NE(refused("", kBoth), "");
  EXPECT_NE(refused(std::string(201, 'x'), kBoth), "");
  EXPECT_NE(refused("x", {}), "");
  for (int i = 0; i < Webhooks::kMostEndpoints; ++i) store.endpoint();
  EXPECT_NE(refused("x", kBoth).find("at most 20"), std::string::npos);
  store.endpoint("bob");
}

TEST_P(WebhookEndpoints, ChangesAreNotedWhereThereAreAny) {
  WebhookStore store;
  const std::string id = store.endpoint().id;
  store.database->query("UPDATE webhook_endpoints SET updated_ms = 1, failures = 3, failing_since_ms = 5");
  EXPECT_EQ(store.webhooks.change("ann", id, {.name = "mine"})->updated_ms, 1);
  EXPECT_GT(store.webhooks.change("ann", id, {.name = "other"})->updated_ms, 1);
  EXPECT_EQ(store.webhooks.find("ann", id)->failures, 3);
  const WebhookEndpoint moved = store.webhooks.change("ann", id, {.url = "https://b.example/"}).value();
  EXPECT_EQ(moved.name, "other");
  EXPECT_EQ(moved.url, "https://b.example/");
  EXPECT_EQ(store.webhooks.find("ann", id)->failures, 0);
  EXPECT_NE(message_of([&] { store.webhooks.change("ann", id, {.events = std::vector<std::string>{}}); }), "");
  EXPECT_EQ(store.webhooks.find("ann", id)->events, kBoth);
}

TEST_P(WebhookEndpoints, TheOldSecretIsKeptForAWhileWhereAskedFor) {
  WebhookStore store;
  const std::string id = store.endpoint().id;
  const WebhookEndpoint kept = store.webhooks.rotate("ann", id, "whsec_2", 24 * kHour).value();
  EXPECT_EQ(kept.secret, "whsec_2");
  EXPECT_EQ(kept.old_secret, "whsec_1");
  EXPECT_NEAR(static_cast<double>(kept.old_secret_until_ms), static_cast<double>(now_ms() + 24 * kHour), 5000.0);
  EXPECT_EQ(store.webhooks.find("ann", id)->old_secret, "whsec_1");
  EXPECT_EQ(store.webhooks.rotate("ann", id, "whsec_3", 0)->old_secret, "");
  EXPECT_EQ(store.webhooks.find("ann", id)->secret, "whsec_3");
}

TEST_P(WebhookOutbox, EveryEndOfAJobIsADeliveryForWhoWantsIt) {
  WebhookStore store;
  const auto both = store.endpoint(), completed = store.endpoint("ann", {"video.completed"}),
             other = store.endpoint("bob"), off = store.endpoint();
  store.webhooks.change("ann", off.id, {.enabled = false});
  const std::string done = store.ended(), failed = store.ended(JobStatus::failed);
  const std::string queued = store.add(new_job());
  store.jobs.cancel(queued);
  EXPECT_EQ(store.log(completed).size(), 1u);
  EXPECT_TRUE(store.log(other).empty());
  EXPECT_TRUE(store.log(off).empty());
  const auto log = store.log(both);
  ASSERT_EQ(log.size(), 3u);
  std::set<std::string> said;
  for (const WebhookDelivery& delivery : log) {
    EXPECT_EQ(delivery.event.substr(0, 4), "evt_");
    EXPECT_EQ(delivery.state, DeliveryState::waiting);
    EXPECT_EQ(delivery.attempts, 0);
    said.insert(delivery.type + " " + delivery.job);
  }
  EXPECT_EQ(said,
            (std::set<std::string>{"video.completed " + done, "video.failed " + failed, "video.failed " + queued}));
  const auto of_done = std::find_if(log.begin(), log.end(), [&](const auto& delivery) { return delivery.job == done; });
  EXPECT_EQ(store.log(completed).at(0).event, of_done->event);  // one event, told twice
}

TEST_P(WebhookOutbox, WhatIsNoEndIsNotTold) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.add(new_job());
  const Claim first = store.claim();
  store.jobs.finish(first, {.status = JobStatus::failed, .retry = true});  // another attempt
  store.jobs.give_back(store.claim());
  const Claim last = store.claim();
  EXPECT_TRUE(store.log(endpoint).empty());
  EXPECT_FALSE(store.jobs.finish(first, {}));  // its lease is lost
  EXPECT_TRUE(store.log(endpoint).empty());
  store.jobs.remove(last.job.id);
  store.jobs.finish(last, {});
  EXPECT_TRUE(store.log(endpoint).empty());
}

TEST_P(WebhookOutbox, AJobWhoseWorkerIsGoneIsTold) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  NewJob job = new_job();
  job.max_attempts = 1;
  store.add(job);
  store.claim(-1);
  EXPECT_EQ(store.jobs.reap(), 1);
  EXPECT_EQ(store.log(endpoint).at(0).type, "video.failed");
}

TEST_P(WebhookOutbox, IsWrittenWithTheJobOrNotAtAll) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.add(new_job());
  const Claim claim = store.claim();
  store.database->query("ALTER TABLE webhook_deliveries RENAME TO webhook_deliveries_away");
  EXPECT_THROW(store.jobs.finish(claim, {}), std::runtime_error);
  EXPECT_EQ(store.get(claim.job.id).status, JobStatus::running);
  store.database->query("ALTER TABLE webhook_deliveries_away RENAME TO webhook_deliveries");
  EXPECT_TRUE(store.jobs.finish(claim, {}));
  EXPECT_EQ(store.log(endpoint).size(), 1u);
}

TEST_P(WebhookSending, OneOfAnEndpointAtATime) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  EXPECT_FALSE(store.webhooks.claim(15'000));
  const std::string first = store.ended();
  store.ended();
  const WebhookClaim claim = store.claimed();
  EXPECT_EQ(claim.endpoint.id, endpoint.id);
  EXPECT_EQ(claim.endpoint.secret, "whsec_1");
  EXPECT_EQ(claim.delivery.job, first);
  EXPECT_EQ(claim.delivery.attempts, 1);
  EXPECT_FALSE(store.webhooks.claim(15'000));
  const auto other = store.endpoint("bob");
  store.ended(JobStatus::succeeded, "bob");
  EXPECT_EQ(store.claimed().endpoint.id, other.id);
  store.webhooks.record(claim, {.status = 204});
  const WebhookClaim second = store.claimed();
  EXPECT_NE(second.delivery.job, first);
  store.webhooks.record(second, {.status = 200});
  EXPECT_FALSE(store.webhooks.claim(15'000));
  for (const WebhookDelivery& delivery : store.log(endpoint)) EXPECT_EQ(delivery.state, DeliveryState::delivered);
}

TEST_P(WebhookSending, AFailedTryWaitsAndKeepsItsEvent) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.ended();
  const WebhookClaim first = store.claimed();
  store.webhooks.record(first, {.status = 503, .error = "answered 503"});
  EXPECT_FALSE(store.webhooks.claim(15'000));
  const WebhookDelivery waiting = store.log(endpoint).at(0);
  EXPECT_EQ(waiting.state, DeliveryState::waiting);
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.error, "answered 503");
  EXPECT_NEAR(static_cast<double>(waiting.due_ms), static_cast<double>(now_ms() + 5000), 2000.0);
  EXPECT_EQ(store.webhooks.find("ann", endpoint.id)->failures, 1);
  store.wait_is_over();
  const WebhookClaim second = store.claimed();
  EXPECT_EQ(second.delivery.event, first.delivery.event);
  EXPECT_EQ(second.delivery.id, first.delivery.id);
  EXPECT_EQ(second.delivery.attempts, 2);
  store.webhooks.record(second, {.status = 200});
  const WebhookDelivery done = store.log(endpoint).at(0);
  EXPECT_EQ(done.state, DeliveryState::delivered);
  EXPECT_EQ(done.error, "");
  EXPECT_EQ(store.webhooks.find("ann", endpoint.id)->failures, 0);
  EXPECT_FALSE(store.webhooks.find("ann", endpoint.id)->failing_since_ms);
}

TEST(WebhookBackoff, GrowsAndEndsWithinItsBounds) {
  EXPECT_EQ(webhook_backoff_ms(1), 5'000);
  EXPECT_EQ(webhook_backoff_ms(2), 15'000);
  EXPECT_EQ(webhook_backoff_ms(4), 135'000);
  EXPECT_EQ(webhook_backoff_ms(1000), 6 * kHour);
  std::int64_t passed = 0;
  int tries = 1;
  for (; passed < Webhooks::kGiveUpMs; ++tries) passed += webhook_backoff_ms(tries);
  EXPECT_GT(tries, 15);
  EXPECT_LT(tries, 30);
}

TEST_P(WebhookSending, ADeadSendersClaimIsTakenAgainAndItsLateResultIsNothing) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.ended();
  const WebhookClaim dead = store.webhooks.claim(-1).value();
  const WebhookClaim again = store.claimed();
  EXPECT_EQ(again.delivery.event, dead.delivery.event);
  store.webhooks.record(dead, {.error = "too late"});
  store.webhooks.give_back(dead);
  EXPECT_EQ(store.log(endpoint).at(0).error, "");
  EXPECT_FALSE(store.webhooks.claim(15'000));
  store.webhooks.record(again, {.status = 200});
  EXPECT_EQ(store.log(endpoint).at(0).state, DeliveryState::delivered);
}

TEST_P(WebhookSending, WhatIsGivenBackIsTakenAtOnceAndDoesNotCount) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.ended();
  store.webhooks.give_back(store.claimed());
  EXPECT_EQ(store.log(endpoint).at(0).attempts, 0);
  EXPECT_EQ(store.claimed().delivery.attempts, 1);
}

TEST_P(WebhookSending, IsGivenUpAfterThreeDays) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.ended();
  store.database->query("UPDATE webhook_deliveries SET created_ms = $1", {now_ms() - Webhooks::kGiveUpMs - 1});
  store.webhooks.record(store.claimed(), {.error = "refused"});
  EXPECT_EQ(store.log(endpoint).at(0).state, DeliveryState::failed);
  store.wait_is_over();
  EXPECT_FALSE(store.webhooks.claim(15'000));
  EXPECT_TRUE(store.webhooks.send_again(endpoint.id, store.log(endpoint).at(0).id));
  store.webhooks.record(store.claimed(), {.status = 200});
  EXPECT_EQ(store.log(endpoint).at(0).state, DeliveryState::delivered);
  EXPECT_FALSE(store.webhooks.send_again(endpoint.id, "delivery_none"));
}

TEST_P(WebhookSending, AnEndpointThatFailedForDaysIsDisabled) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  const auto fail = [&] {
    store.ended();
    store.wait_is_over();
    store.webhooks.record(store.claimed(), {.error = "refused"});
    return store.webhooks.find("ann", endpoint.id).value();
  };
  for (int i = 0; i < Webhooks::kDisableAfter; ++i) EXPECT_TRUE(fail().enabled);
  store.database->query("UPDATE webhook_endpoints SET failing_since_ms = $1",
                        {now_ms() - Webhooks::kDisableAfterMs - 1});
  EXPECT_FALSE(fail().enabled);
  for (const WebhookDelivery& delivery : store.log(endpoint)) EXPECT_EQ(delivery.state, DeliveryState::failed);
  store.ended();
  store.wait_is_over();
  EXPECT_FALSE(store.webhooks.claim(15'000));
  EXPECT_FALSE(store.webhooks.send_again(endpoint.id, store.log(endpoint).at(0).id));
  const WebhookEndpoint enabled = store.webhooks.change("ann", endpoint.id, {.enabled = true}).value();
  EXPECT_TRUE(enabled.enabled);
  EXPECT_EQ(enabled.failures, 0);
  store.ended();
  EXPECT_TRUE(store.webhooks.claim(15'000));
}

TEST_P(WebhookSending, GoneIsForGood) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.ended();
  store.webhooks.record(store.claimed(), {.status = 410, .error = "answered 410"});
  EXPECT_FALSE(store.webhooks.find("ann", endpoint.id)->enabled);
  EXPECT_EQ(store.log(endpoint).at(0).state, DeliveryState::failed);
}

TEST_P(WebhookSending, TheLogIsBoundedAndPaged) {
  WebhookStore store;
  const auto endpoint = store.endpoint();
  store.ended();
  // As many as would be there after a while, all older than the one above.
  store.database->transaction([&](Connection& connection) {
    for (int i = 0; i < Webhooks::kMostLogged + 20; ++i)
      connection.query(
          "INSERT INTO webhook_deliveries (id, endpoint, event, type, job, state, created_ms, due_ms) "
          "VALUES ($1, $2, 'evt_1', 'video.failed', 'video_1', 'failed', 1, 1)",
          {fmt::format("delivery_0000{:04}", i), endpoint.id});
  });
  store.webhooks.record(store.claimed(), {.status = 200});
  const auto log = store.log(endpoint);
  ASSERT_EQ(log.size(), static_cast<std::size_t>(Webhooks::kMostLogged));
  EXPECT_EQ(log[0].state, DeliveryState::delivered);
  EXPECT_TRUE(std::is_sorted(log.rbegin(), log.rend(), [](const auto& a, const auto& b) { return a.id < b.id; }));
  const auto page = store.webhooks.deliveries(endpoint.id, 3, log[4].id);
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page[0].id, log[5].id);
}

TEST_P(WebhookSending, ManySendersDeliverEachOnce) {
  WebhookStore store;
  for (int i = 0; i < 4; ++i) store.endpoint("ann");
  for (int i = 0; i < 5; ++i) store.ended();
  std::mutex mutex;
  std::multiset<std::string> sent;
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      const auto database = store.place.open();  // as another server's
      Webhooks webhooks(*database);
      for (int nothing = 0; nothing < 50;) {
        const auto claim = webhooks.claim(15'000);
        if (!claim) {
          ++nothing;
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          continue;
        }
        {
          const std::lock_guard lock(mutex);
          sent.insert(claim->delivery.id);
        }
        webhooks.record(*claim, {.status = 200});
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(sent.size(), 20u);
  EXPECT_EQ(std::set<std::string>(sent.begin(), sent.end()).size(), 20u);
}

TEST(WebhookMigration, AFileOfTheFirstVersionTakesEndpoints) {
  const TestFolder folder;
  {
    const auto old = open_sqlite(folder / "a.db", schema().first(1));
    old->query(
        "INSERT INTO jobs (id, owner, kind, dialect, model, prompt, title, search, requested, warnings, files, status, "
        "priority, max_attempts, parent, relation, job_group, folder, created_ms) VALUES ('video_1', 'ann', 'video', "
        "'native', 'm', 'p', '', 'p', '{}', '[]', '[]', 'queued', 0, 2, '', '', '', '', 1)");
  }
  const auto database = open_sqlite(folder / "a.db");
  JobStore jobs(*database);
  Webhooks webhooks(*database);
  const auto endpoint = webhooks.create("ann", "mine", "https://example.com/", kBoth, "whsec_1");
  EXPECT_TRUE(jobs.finish(jobs.claim("worker", {"video"}).value(), {}));
  EXPECT_EQ(webhooks.deliveries(endpoint.id, 10).at(0).job, "video_1");
}

}  // namespace
}  // namespace hotshot::store
