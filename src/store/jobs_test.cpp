#include "store/jobs.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(Jobs);
HOTSHOT_ON_EACH_DATABASE(Repeats);
HOTSHOT_ON_EACH_DATABASE(Quotas);
HOTSHOT_ON_EACH_DATABASE(Remove);
HOTSHOT_ON_EACH_DATABASE(Events);

constexpr std::int64_t kDay = 24 * 3600 * 1000;

std::int64_t seconds_until_allowed(TestStore& store, const Quota& quota, int count = 1) {
  try {
    store.jobs.submit(std::vector<NewJob>(static_cast<std::size_t>(count), new_job()), quota);
  } catch (const QuotaExceeded& error) {
    return error.retry_after_seconds;
  }
  return -1;
}

TEST_P(Jobs, ComeBackAsTheyWereGiven) {
  TestStore store;
  NewJob job = new_job("ann", "ein \"rotes\" Auto 🚗");
  job.dialect = "openai";
  job.effective = {{"steps", 30}};
  job.warnings = {"too long"};
  job.files = {file_of("input", 'a', 1ull << 40)};
  job.priority = -3;
  job.max_attempts = 5;
  job.parent = "p";
  job.relation = "remix";
  job.group = "g";
  job.title = "Auto";
  job.folder = "cars";
  const Submitted submitted = store.jobs.submit({job});
  EXPECT_FALSE(submitted.replayed);
  const std::string id = submitted.jobs.at(0).id;
  EXPECT_EQ(id.substr(0, 6), "video_");
  for (const Job& got : {submitted.jobs[0], store.get(id)}) {
    EXPECT_EQ(got.owner, job.owner);
    EXPECT_EQ(got.kind, "video");
    EXPECT_EQ(got.dialect, job.dialect);
    EXPECT_EQ(got.model, job.model);
    EXPECT_EQ(got.prompt, job.prompt);
    EXPECT_EQ(got.requested, job.requested);
    EXPECT_EQ(got.effective, job.effective);
    EXPECT_EQ(got.warnings, job.warnings);
    EXPECT_EQ(got.file("input")->bytes, 1ull << 40);
    EXPECT_EQ(got.file("video"), nullptr);
    EXPECT_EQ(got.priority, -3);
    EXPECT_EQ(got.max_attempts, 5);
    EXPECT_EQ(got.parent + got.relation + got.group + got.title + got.folder, "premixgAutocars");
    EXPECT_EQ(got.status, JobStatus::queued);
    EXPECT_EQ(got.version, 1);
    EXPECT_FALSE(got.started_ms || got.finished_ms || got.trashed_ms || got.error);
    EXPECT_EQ(id_time_ms(id), got.created_ms);
  }
  EXPECT_FALSE(store.jobs.find("video_none"));
  EXPECT_EQ(store.get(store.add(new_job())).effective, nullptr);
}

TEST_P(Jobs, AllAreAddedOrNone) {
  TestStore store;
  EXPECT_NE(message_of([&] { store.jobs.submit({}); }), "");
  EXPECT_NE(message_of([&] { store.jobs.submit({new_job("ann"), new_job("bob")}); }), "");
  NewJob bad = new_job();
  bad.kind = "Video!";
  EXPECT_NE(message_of([&] { store.jobs.submit({new_job(), bad}); }), "");
  EXPECT_EQ(seconds_until_allowed(store, {.max_queued = 2}, 3), 0);
  EXPECT_EQ(store.number("SELECT count(*) FROM jobs"), 0);
  const Submitted many = store.jobs.submit(std::vector<NewJob>(20, new_job()));
  for (const Job& job : many.jobs) EXPECT_EQ(store.claim().job.id, job.id);  // in the order given
}

TEST_P(Jobs, SortInTheOrderOfTheirSubmission) {
  TestStore store;
  const std::string first = store.add(new_job());
  const std::int64_t ahead = now_ms() + 900;  // as if many had come within this millisecond
  store.database->query("UPDATE jobs SET created_ms = $1", {ahead});
  const Job second = store.get(store.add(new_job()));
  EXPECT_EQ(second.created_ms, ahead + 1);
  EXPECT_EQ(id_time_ms(second.id), ahead + 1);
  store.database->query("UPDATE jobs SET created_ms = created_ms + 600000");  // a clock that was set back since
  const Job third = store.get(store.add(new_job()));
  EXPECT_LE(third.created_ms, now_ms());
}

TEST_P(Repeats, GivesTheSameJobsBack) {
  TestStore store;
  const Idempotency request{.key = "k", .fingerprint = "f"};
  const Submitted first = store.jobs.submit({new_job(), new_job()}, {}, request);
  const Submitted again = store.jobs.submit({new_job(), new_job()}, {.max_queued = 2}, request);  // quota or not
  EXPECT_TRUE(again.replayed);
  ASSERT_EQ(again.jobs.size(), 2u);
  EXPECT_EQ(again.jobs[0].id, first.jobs[0].id);
  EXPECT_EQ(again.jobs[1].id, first.jobs[1].id);
  EXPECT_EQ(message_of([&] {
              store.jobs.submit({new_job()}, {}, Idempotency{"k", "other"});
            }).find("[idempotency-key]"),
            0u);
  EXPECT_FALSE(store.jobs.submit({new_job("bob")}, {}, Idempotency{"k", "other"}).replayed);
  store.jobs.remove(first.jobs[0].id);
  EXPECT_EQ(store.jobs.submit({new_job()}, {}, request).jobs.at(0).id, first.jobs[1].id);
  store.jobs.remove(first.jobs[1].id);
  EXPECT_EQ(message_of([&] { store.jobs.submit({new_job()}, {}, request); }).find("[idempotency-key]"), 0u);
  EXPECT_EQ(store.number("SELECT count(*) FROM jobs"), 1);
}

TEST_P(Repeats, EndsWithItsTime) {
  TestStore store;
  const std::string first = store.jobs.submit({new_job()}, {}, Idempotency{"k", "f", -1}).jobs.at(0).id;
  const Submitted second = store.jobs.submit({new_job()}, {}, Idempotency{"k", "g"});
  EXPECT_FALSE(second.replayed);
  EXPECT_EQ(store.jobs.submit({new_job()}, {}, Idempotency{"k", "g"}).jobs.at(0).id, second.jobs.at(0).id);
  EXPECT_EQ(store.number("SELECT count(*) FROM idempotency"), 1);
  store.database->query("UPDATE idempotency SET expires_ms = 5");
  store.jobs.reap();
  EXPECT_EQ(store.number("SELECT count(*) FROM idempotency"), 0);
  // A request that fails leaves its key free.
  EXPECT_THROW(store.jobs.submit({new_job()}, {.max_queued = 1}, Idempotency{"n", "f"}), QuotaExceeded);
  EXPECT_FALSE(store.jobs.submit({new_job()}, {}, Idempotency{"n", "other"}).replayed);
}

TEST_P(Quotas, BoundsWhatWaitsAndRuns) {
  TestStore store;
  const Quota quota{.max_queued = 3};
  EXPECT_EQ(seconds_until_allowed(store, quota, 3), -1);
  EXPECT_GT(seconds_until_allowed(store, quota), 0);
  EXPECT_EQ(seconds_until_allowed(store, quota, 4), 0);  // never
  store.jobs.submit({new_job("bob")}, quota);
  const Claim claim = store.claim();
  store.jobs.heartbeat(claim, {.fraction = 0.5, .seconds_left = 6.5});
  EXPECT_EQ(seconds_until_allowed(store, quota), 7);
  store.jobs.finish(claim, {});
  EXPECT_EQ(seconds_until_allowed(store, quota), -1);
  const OwnerUsage usage = store.jobs.usage("ann");
  EXPECT_EQ(usage.jobs, 4);
  EXPECT_EQ(usage.queued, 3);
  EXPECT_EQ(usage.running, 0);
  EXPECT_EQ(usage.today, 4);
}

TEST_P(Quotas, BoundsADay) {
  TestStore store;
  const Quota quota{.max_per_day = 3};
  const Claim done = (store.add(new_job()), store.claim());
  store.jobs.finish(done, {});
  const Claim failed = (store.add(new_job()), store.claim());
  store.jobs.finish(failed, {.status = JobStatus::failed});
  store.jobs.cancel(store.add(new_job()));
  store.jobs.remove(store.add(new_job()));  // never ran
  EXPECT_EQ(store.jobs.usage("ann").today, 1);
  store.jobs.remove(done.job.id);  // what was made counts, kept or not
  EXPECT_EQ(seconds_until_allowed(store, quota, 3), kDay / 1000);
  EXPECT_EQ(seconds_until_allowed(store, quota, 4), 0);
  EXPECT_EQ(seconds_until_allowed(store, quota, 2), -1);
  EXPECT_GT(seconds_until_allowed(store, quota), kDay / 1000 - 60);
  store.database->query("UPDATE submissions SET created_ms = created_ms - $1 WHERE job = $2",
                        {kDay - 30'000, done.job.id});
  EXPECT_NEAR(static_cast<double>(seconds_until_allowed(store, quota)), 30, 5);
  EXPECT_GT(seconds_until_allowed(store, quota, 2), kDay / 1000 - 60);  // the second oldest counts
  store.database->query("UPDATE submissions SET created_ms = created_ms - 60000 WHERE job = $1", {done.job.id});
  EXPECT_EQ(seconds_until_allowed(store, quota), -1);
  store.jobs.reap();
  EXPECT_EQ(store.number("SELECT count(*) FROM submissions"), 3);
}

TEST_P(Quotas, BoundsBytes) {
  TestStore store;
  NewJob job = new_job();
  job.files = {file_of("input", 'a', 60)};
  const std::string first = store.add(job);
  store.add(job);  // the same bytes, kept once
  EXPECT_EQ(store.jobs.usage("ann").bytes, 60u);
  EXPECT_EQ(seconds_until_allowed(store, {.max_bytes = 60}), 0);
  EXPECT_EQ(seconds_until_allowed(store, {.max_bytes = 61}), -1);
  EXPECT_THROW(store.jobs.submit({job}, {.max_bytes = 120}), QuotaExceeded);
  EXPECT_EQ(store.jobs.usage("bob").bytes, 0u);
}

TEST_P(Jobs, CancelAtOnceOrByFlag) {
  TestStore store;
  const std::string queued = store.add(new_job());
  EXPECT_TRUE(store.jobs.cancel(queued));
  EXPECT_EQ(store.get(queued).status, JobStatus::cancelled);
  EXPECT_EQ(store.get(queued).error->code, "cancelled");
  EXPECT_TRUE(store.get(queued).finished_ms);
  EXPECT_FALSE(store.jobs.cancel(queued));
  EXPECT_FALSE(store.jobs.cancel("video_none"));
  store.add(new_job());
  const Claim claim = store.claim();
  EXPECT_FALSE(store.jobs.heartbeat(claim, {}).cancel);
  EXPECT_TRUE(store.jobs.cancel(claim.job.id));
  EXPECT_EQ(store.get(claim.job.id).status, JobStatus::running);
  EXPECT_TRUE(store.get(claim.job.id).cancel_requested);
  const std::int64_t version = store.get(claim.job.id).version;
  EXPECT_TRUE(store.jobs.cancel(claim.job.id));
  EXPECT_EQ(store.get(claim.job.id).version, version);
  EXPECT_TRUE(store.jobs.heartbeat(claim, {}).cancel);
  EXPECT_TRUE(store.jobs.finish(claim, {.status = JobStatus::cancelled}));
  EXPECT_EQ(store.get(claim.job.id).error->code, "cancelled");
}

TEST_P(Jobs, ChangeAndShare) {
  TestStore store;
  const std::string id = store.add(new_job());
  EXPECT_TRUE(store.jobs.change(id, {.favourite = true, .title = "Mine", .folder = "f"}));
  EXPECT_TRUE(store.jobs.change(id, {.trashed = true}));
  const Job job = store.get(id);
  EXPECT_TRUE(job.favourite);
  EXPECT_EQ(job.title + job.folder, "Minef");
  ASSERT_TRUE(job.trashed_ms);
  EXPECT_EQ(job.version, 3);
  EXPECT_TRUE(store.jobs.trashed_before(*job.trashed_ms).empty());
  EXPECT_EQ(store.jobs.trashed_before(*job.trashed_ms + 1), std::vector{id});
  store.jobs.change(id, {.trashed = true});
  EXPECT_EQ(store.get(id).trashed_ms, job.trashed_ms);
  EXPECT_TRUE(store.jobs.share(id, "secret"));
  EXPECT_FALSE(store.jobs.find_shared("secret"));  // in the trash
  store.jobs.change(id, {.trashed = false});
  EXPECT_FALSE(store.get(id).trashed_ms);
  EXPECT_EQ(store.jobs.find_shared("secret")->id, id);
  EXPECT_EQ(store.get(id).share, "secret");
  store.add(new_job());
  EXPECT_FALSE(store.jobs.find_shared(""));
  EXPECT_TRUE(store.jobs.share(id, ""));
  EXPECT_FALSE(store.jobs.find_shared("secret"));
  EXPECT_FALSE(store.jobs.share("video_none", "x"));
  EXPECT_FALSE(store.jobs.change("video_none", {.favourite = true}));
}

TEST_P(Remove, ReturnsOnlyWhatNobodyNeeds) {
  TestStore store;
  store.add(new_job());
  const Claim first = store.claim();
  const std::string preview(64, '1'), checkpoint(64, '2');
  store.jobs.heartbeat(first, {.preview = preview});
  store.jobs.checkpoint(first, checkpoint);
  NewJob other = new_job();
  other.files = {file_of("input", 'a'), file_of("input", 'b'), file_of("input", '1'), file_of("input", '2')};
  const std::string id = store.add(other);
  NewJob remix = new_job();
  remix.files = {file_of("input", 'a')};
  const std::string third = store.add(remix);
  EXPECT_EQ(store.jobs.remove(id), std::vector{std::string(64, 'b')});  // a preview and a checkpoint are needed too
  EXPECT_FALSE(store.jobs.find(id));
  EXPECT_TRUE(store.jobs.needs_blob(std::string(64, 'a')));
  EXPECT_EQ(store.jobs.remove(third), std::vector{std::string(64, 'a')});
  EXPECT_TRUE(store.jobs.remove(third).empty());
  store.jobs.finish(first, {.files = {file_of("video", 'c'), file_of("thumbnail", 'a')}});
  const std::vector<std::string> unneeded = store.jobs.unneeded_blobs();  // a is needed again
  EXPECT_EQ(std::set(unneeded.begin(), unneeded.end()), (std::set{preview, checkpoint, std::string(64, 'b')}));
  EXPECT_FALSE(store.jobs.needs_blob(preview));
  store.jobs.forget_blobs(unneeded);
  EXPECT_TRUE(store.jobs.unneeded_blobs().empty());
  EXPECT_EQ(store.jobs.remove(first.job.id).size(), 2u);
}

TEST_P(Remove, WaitsForTheWorker) {
  TestStore store;
  for (const bool alive : {true, false}) {
    NewJob job = new_job();
    job.files = {file_of("input", alive ? 'a' : 'b')};
    const std::string id = store.add(job);
    const Claim claim = store.claim(alive ? 30'000 : -1);
    EXPECT_TRUE(store.jobs.remove(id).empty());
    EXPECT_FALSE(store.jobs.find(id));
    EXPECT_TRUE(store.jobs.list({}).jobs.empty());
    EXPECT_FALSE(store.jobs.cancel(id));
    EXPECT_FALSE(store.jobs.change(id, {.favourite = true}));
    EXPECT_EQ(store.jobs.usage("ann").running, 1);
    const std::int64_t event = store.jobs.newest_event();
    EXPECT_EQ(store.jobs.events_after(event - 1).at(0).kind, "removed");
    if (alive) {
      EXPECT_TRUE(store.jobs.heartbeat(claim, {.fraction = 0.5}).cancel);
      EXPECT_TRUE(store.jobs.finish(claim, {.files = {file_of("video", 'c')}}));
    } else {
      EXPECT_EQ(store.jobs.reap(), 1);
    }
    EXPECT_EQ(store.number("SELECT count(*) FROM jobs"), 0);
    EXPECT_EQ(store.number("SELECT count(*) FROM blob_uses"), 0);
    EXPECT_EQ(store.jobs.newest_event(), event);
    EXPECT_EQ(store.jobs.unneeded_blobs().size(), alive ? 2u : 3u);
  }
}

TEST_P(Events, TellEveryChangeOnce) {
  TestStore store;
  EXPECT_EQ(store.jobs.newest_event(), 0);
  const std::string id = store.add(new_job());
  std::int64_t version = store.get(id).version, number = store.jobs.newest_event();
  EXPECT_EQ(number, 1);
  std::optional<Claim> claim;
  const auto changes = [&](const std::function<void()>& action, int count = 1) {
    action();
    const std::vector<JobEvent> events = store.jobs.events_after(number);
    EXPECT_EQ(events.size(), static_cast<std::size_t>(count));
    for (const JobEvent& event : events) {
      EXPECT_EQ(event.number, ++number);
      EXPECT_EQ(event.kind + event.job + event.owner, "job" + id + "ann");
    }
    EXPECT_EQ(store.get(id).version, version += count);
  };
  changes([&] { claim = store.claim(); });
  changes([&] { store.jobs.heartbeat(*claim, {.phase = "sampling", .done = 1, .total = 2, .fraction = 0.5}); });
  changes([&] { store.jobs.heartbeat(*claim, {.phase = "sampling", .done = 1, .total = 2, .fraction = 0.5}); }, 0);
  changes([&] { store.jobs.checkpoint(*claim, std::string(64, 'c')); });
  changes([&] { store.jobs.set_effective(*claim, {{"seed", 1}}, {"w"}); });
  changes([&] { store.jobs.give_back(*claim); });
  changes([&] { store.jobs.give_back(*claim); }, 0);
  changes([&] { store.jobs.change(id, {.title = "t"}); });
  changes([&] { store.jobs.share(id, "s"); });
  changes([&] { claim = store.claim(-1); });
  changes([&] { store.jobs.cancel(id); });
  changes([&] { store.jobs.cancel(id); }, 0);
  changes([&] { store.jobs.reap(); });
  EXPECT_EQ(store.get(id).status, JobStatus::cancelled);
  EXPECT_EQ(store.jobs.events_after(0, 3).size(), 3u);
  store.jobs.remove(id);
  EXPECT_EQ(store.jobs.events_after(number).at(0).kind, "removed");
}

TEST_P(Events, AreKeptForADay) {
  TestStore store;
  for (int i = 0; i < 4; ++i) store.add(new_job());
  store.database->query("UPDATE events SET at_ms = at_ms - $1 WHERE number < 3", {kDay + 1000});
  store.jobs.reap();
  EXPECT_EQ(store.jobs.events_after(0).size(), 2u);
  store.database->query("UPDATE events SET at_ms = 0");
  store.jobs.reap();
  EXPECT_EQ(store.jobs.newest_event(), 4);  // numbers never fall
  store.add(new_job());
  EXPECT_EQ(store.jobs.newest_event(), 5);
}

}  // namespace
}  // namespace hotshot::store
