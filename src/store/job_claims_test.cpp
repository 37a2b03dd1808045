#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/schema.h"
#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(Claims);

void fill(JobStore& jobs, int owners, int each) {
  for (int owner = 0; owner < owners; ++owner)
    jobs.submit(std::vector<NewJob>(static_cast<std::size_t>(each), new_job(fmt::format("owner-{}", owner))));
}

TEST_P(Claims, TakePriorityThenFewestRunningThenOldest) {
  TestStore store;
  const auto add = [&](const std::string& owner, int priority, const std::string& kind = "video") {
    NewJob job = new_job(owner);
    job.priority = priority;
    job.kind = kind;
    return store.add(job);
  };
  const std::string a1 = add("a", 0), a2 = add("a", 0), b1 = add("b", 0), image = add("c", 9, "image"),
                    low = add("d", -1), a3 = add("a", 5);
  for (const std::string& id : {a3, b1, a1, a2, low}) EXPECT_EQ(store.claim().job.id, id);
  EXPECT_FALSE(store.jobs.claim("w", {"video"}));
  EXPECT_FALSE(store.jobs.claim("w", {}));
  const std::string older = add("e", 9);
  EXPECT_EQ(store.jobs.claim("w", {"video", "image"})->job.id, image);  // the oldest of both kinds
  EXPECT_EQ(store.jobs.claim("w", {"image", "video"})->job.id, older);
}

TEST_P(Claims, ALaneHasItsOwnQueue) {
  TestStore store;
  NewJob far = new_job();
  far.lane = "provider west";
  far.priority = 5;
  const std::string first = store.add(far), second = store.add(far), here = store.add(new_job());
  EXPECT_EQ(store.jobs.queue_position(second), 1);
  EXPECT_EQ(store.jobs.queue_position(here), 0);
  EXPECT_EQ(store.claim().job.id, here);
  EXPECT_FALSE(store.jobs.claim("w", {"video", "image"}));
  EXPECT_EQ(store.jobs.claim("w", {"provider west"})->job.id, first);
}

TEST_P(Claims, StartAndEndAJob) {
  TestStore store;
  NewJob job = new_job();
  job.files = {file_of("input", 'a')};
  job.effective = {{"steps", 1}};
  store.add(job);
  const Claim claim = store.claim();
  EXPECT_EQ(claim.job.status, JobStatus::running);
  EXPECT_EQ(claim.job.attempts, 1);
  EXPECT_TRUE(claim.job.started_ms);
  EXPECT_EQ(claim.checkpoint, "");
  EXPECT_TRUE(store.jobs.set_effective(claim, {{"steps", 30}}, {"w1"}));
  EXPECT_TRUE(
      store.jobs.heartbeat(claim, {.phase = "sampling", .done = 3, .total = 9, .fraction = 0.3, .seconds_left = 4})
          .held);
  EXPECT_EQ(store.get(claim.job.id).progress.phase, "sampling");
  EXPECT_EQ(store.get(claim.job.id).progress.seconds_left, 4);
  for (const double fraction : {0.2, std::nan(""), -1.0}) {
    store.jobs.heartbeat(claim, {.fraction = fraction});
    EXPECT_EQ(store.get(claim.job.id).progress.fraction, 0.3);
  }
  EXPECT_EQ(message_of([&] { store.jobs.finish(claim, {.status = JobStatus::queued}); }).find("[jobs]"), 0u);
  EXPECT_TRUE(store.jobs.finish(claim, {.files = {file_of("video", 'b')}}));
  const Job done = store.get(claim.job.id);
  EXPECT_EQ(done.status, JobStatus::succeeded);
  EXPECT_EQ(done.progress.fraction, 1);
  EXPECT_EQ(done.effective.at("steps"), 30);
  EXPECT_EQ(done.warnings.at(0), "w1");
  ASSERT_EQ(done.files.size(), 2u);
  EXPECT_EQ(done.file("video")->sha256, std::string(64, 'b'));
  EXPECT_TRUE(done.finished_ms);
  EXPECT_FALSE(store.jobs.finish(claim, {.status = JobStatus::failed}));  // once
  EXPECT_EQ(store.get(claim.job.id).version, done.version);
}

TEST_P(Claims, FailuresAreTriedAgainWhileAttemptsAreLeft) {
  TestStore store;
  store.add(new_job());
  const JobOutcome again{.status = JobStatus::failed, .error = JobError{"out_of_memory", "m"}, .retry = true};
  const Claim first = store.claim();
  store.jobs.checkpoint(first, std::string(64, 'c'));
  store.jobs.heartbeat(first, {.fraction = 0.9});
  EXPECT_TRUE(store.jobs.finish(first, again));
  EXPECT_EQ(store.get(first.job.id).status, JobStatus::queued);
  EXPECT_EQ(store.get(first.job.id).progress.fraction, 0);
  EXPECT_FALSE(store.get(first.job.id).error);
  const Claim second = store.claim();
  EXPECT_EQ(second.checkpoint, std::string(64, 'c'));  // it can go on from there
  EXPECT_EQ(second.job.attempts, 2);
  EXPECT_EQ(second.job.fruitless_attempts, 1);
  store.jobs.heartbeat(second, {.fraction = 0.9});  // as far as the first: nothing new
  EXPECT_TRUE(store.jobs.finish(second, again));
  EXPECT_EQ(store.get(first.job.id).status, JobStatus::queued);
  EXPECT_TRUE(store.jobs.finish(store.claim(), again));
  EXPECT_EQ(store.get(first.job.id).status, JobStatus::failed);
  EXPECT_EQ(store.get(first.job.id).error->code, "out_of_memory");
  EXPECT_FALSE(store.jobs.needs_blob(std::string(64, 'c')));
  // A mistake of the user's is not tried again, nor is what is to be cancelled.
  const Claim wrong = (store.add(new_job()), store.claim());
  store.jobs.finish(wrong, {.status = JobStatus::failed, .error = JobError{"invalid_request", "m"}});
  EXPECT_EQ(store.get(wrong.job.id).status, JobStatus::failed);
  const Claim unwanted = (store.add(new_job()), store.claim());
  store.jobs.cancel(unwanted.job.id);
  store.jobs.finish(unwanted, again);
  EXPECT_EQ(store.get(unwanted.job.id).status, JobStatus::cancelled);
}

TEST_P(Claims, AttemptsThatGetFurtherDoNotCount) {
  TestStore store;
  store.add(new_job());
  const JobOutcome again{.status = JobStatus::failed, .error = JobError{"internal", "m"}, .retry = true};
  for (int i = 1; i < 8; ++i) {
    const Claim claim = store.claim();
    EXPECT_EQ(claim.job.attempts, i);
    store.jobs.heartbeat(claim, {.fraction = 0.1 * i});
    EXPECT_TRUE(store.jobs.finish(claim, again));
    EXPECT_EQ(store.get(claim.job.id).status, JobStatus::queued);
  }
  // Its worker dies without a word, and the next one too.
  const std::string id = store.claim(-1).job.id;
  EXPECT_EQ(store.jobs.reap(), 1);
  EXPECT_EQ(store.get(id).status, JobStatus::queued);
  store.claim(-1);
  EXPECT_EQ(store.jobs.reap(), 1);
  EXPECT_EQ(store.get(id).status, JobStatus::failed);
  EXPECT_EQ(store.get(id).error->code, "worker_crashed");
}

TEST_P(Claims, GivenBackIsNoAttempt) {
  TestStore store;
  store.add(new_job());
  for (int i = 0; i < 5; ++i) {
    const Claim claim = store.claim();
    EXPECT_EQ(claim.job.attempts, 1);
    EXPECT_TRUE(store.jobs.give_back(claim));
    EXPECT_FALSE(store.jobs.give_back(claim));
    EXPECT_EQ(store.get(claim.job.id).attempts, 0);
  }
  const Claim claim = store.claim();
  store.jobs.cancel(claim.job.id);
  store.jobs.give_back(claim);
  EXPECT_EQ(store.get(claim.job.id).status, JobStatus::cancelled);
}

TEST_P(Claims, ReapWhatNobodyHolds) {
  TestStore store;
  store.add(new_job());
  const Claim first = store.claim(-1);
  EXPECT_TRUE(store.jobs.heartbeat(first, {}, -1).held);  // late, but nobody took it away
  EXPECT_EQ(store.jobs.reap(), 1);
  EXPECT_EQ(store.jobs.reap(), 0);
  EXPECT_EQ(store.get(first.job.id).status, JobStatus::queued);
  store.claim(-1);
  EXPECT_EQ(store.jobs.reap(), 1);
  EXPECT_EQ(store.get(first.job.id).status, JobStatus::failed);
  EXPECT_EQ(store.get(first.job.id).error->code, "worker_crashed");
  store.add(new_job());
  const Claim dead = store.claim(-1);
  store.jobs.cancel(dead.job.id);
  store.jobs.reap();
  EXPECT_EQ(store.get(dead.job.id).status, JobStatus::cancelled);
  store.add(new_job());
  const Claim alive = store.claim(-1);
  store.jobs.heartbeat(alive, {});
  EXPECT_EQ(store.jobs.reap(), 0);
}

TEST_P(Claims, AWorkerWithoutItsLeaseWritesNothing) {
  TestStore store;
  const std::string id = store.add(new_job());
  const Claim zombie = store.claim(-1);
  const std::string left(64, 'd');
  const auto refused = [&] {
    const Job before = store.get(id);
    EXPECT_FALSE(store.jobs.heartbeat(zombie, {.fraction = 0.7, .preview = left}).held);
    EXPECT_FALSE(store.jobs.checkpoint(zombie, left));
    EXPECT_FALSE(store.jobs.set_effective(zombie, {{"x", 1}}, {}));
    EXPECT_FALSE(store.jobs.finish(zombie, {.files = {file_of("video", 'd')}}));
    EXPECT_FALSE(store.jobs.give_back(zombie));
    EXPECT_EQ(store.get(id).version, before.version);
    EXPECT_EQ(store.get(id).status, before.status);
  };
  store.jobs.reap();
  refused();
  const Claim next = store.claim();  // by a worker of the same name
  EXPECT_GT(next.token, zombie.token);
  refused();
  EXPECT_TRUE(store.jobs.finish(next, {.files = {file_of("video", 'e')}}));
  refused();
  EXPECT_EQ(store.get(id).files.size(), 1u);
  EXPECT_EQ(store.jobs.unneeded_blobs(), std::vector{left});  // to be swept away
}

// With a single worker nobody has a running job when it asks: whoever was served longest ago is next.
TEST_P(Claims, TakeTurnsWithOneWorkerToo) {
  TestStore store;
  std::vector<std::string> ids;
  for (const char* owner : {"greedy", "greedy", "greedy", "late", "late"}) ids.push_back(store.add(new_job(owner)));
  const std::vector<std::size_t> order{0, 3, 1, 4, 2};
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(store.jobs.queue_position(ids[order.back()]), order.size() - 1 - i);
    const Claim claim = store.claim();
    EXPECT_EQ(claim.job.id, ids[order[i]]) << i;
    EXPECT_TRUE(store.jobs.finish(claim, {}));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // turns are told apart by the millisecond
  }
}

// One owner came first and with most; still every owner has two of the first hundred that eight workers hold.
TEST_P(Claims, AreFairToFiftyOwners) {
  TestStore store;
  store.jobs.submit(std::vector<NewJob>(300, new_job("greedy")));
  fill(store.jobs, 49, 4);
  std::mutex mutex;
  std::map<std::string, int> taken;
  std::set<std::string> ids;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 8; ++worker)
    workers.emplace_back([&, worker] {
      for (int i = 0; i < (worker < 4 ? 13 : 12); ++i) {
        const Claim claim = store.jobs.claim(fmt::format("worker-{}", worker), {"image", "video"}).value();
        const std::lock_guard guard(mutex);
        ++taken[claim.job.owner];
        ids.insert(claim.job.id);
      }
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_EQ(taken.size(), 50u);
  for (const auto& [owner, count] : taken) EXPECT_EQ(count, 2) << owner;
}

TEST_P(Claims, AreFastWithTenThousandWaiting) {
  using Clock = std::chrono::steady_clock;
  TestStore store;
  fill(store.jobs, 50, 200);
  const auto rate = [](int count, const std::function<void()>& work) {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) work();
    return count / std::chrono::duration<double>(Clock::now() - start).count();
  };
  std::vector<Claim> claims;
  const double claimed = rate(500, [&] { claims.push_back(store.claim()); });
  std::size_t next = 0;
  const double finished = rate(200, [&] { store.jobs.finish(claims.at(next++), {}); });
  const std::string last = store.jobs.list({}).jobs.at(0).id;
  const double positions = rate(5, [&] { store.jobs.queue_position(last); });
  const double pages = rate(50, [&] { store.jobs.list({.owner = "owner-7", .text = "red"}); });
  const double searches = rate(5, [&] { store.jobs.list({.text = "nowhere"}); });
  fmt::print(
      "10,000 jobs of 50 owners: {:.0f} claims/s, {:.0f} finishes/s, {:.0f} positions/s, {:.0f} pages/s, "
      "{:.0f} searches of everything/s\n",
      claimed, finished, positions, pages, searches);
  EXPECT_GT(claimed, 100);
  EXPECT_GT(finished, 100);
  EXPECT_GT(positions, 5);
  EXPECT_GT(pages, 50);
}

}  // namespace
}  // namespace hotshot::store
