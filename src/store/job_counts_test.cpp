#include <gtest/gtest.h>

#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(JobCounts);

TEST_P(JobCounts, SayHowManyOfEachModelAreInEachState) {
  TestStore test;
  NewJob other = new_job();
  other.model = "other";
  test.add(new_job());
  test.add(new_job());
  test.add(other);
  test.jobs.finish(test.claim(), {.status = JobStatus::failed, .error = JobError{"internal", "x"}});
  std::map<std::string, std::int64_t> counts;
  for (const JobCount& count : test.jobs.counts())
    counts[count.model + " " + std::string(status_name(count.status))] = count.jobs;
  EXPECT_EQ(counts, (std::map<std::string, std::int64_t>{
                        {"act-one-mini failed", 1}, {"act-one-mini queued", 1}, {"other queued", 1}}));
}

TEST_P(JobCounts, CountBytesOnceAndWorkersThatHoldALease) {
  TestStore test;
  EXPECT_EQ(test.jobs.bytes_kept(), 0u);
  EXPECT_EQ(test.jobs.busy_workers(), 0);
  NewJob job = new_job();
  job.files = {file_of("input", 'a', 10), file_of("other", 'b', 7)};
  test.add(job);
  job.owner = "bob";
  job.files = {file_of("input", 'a', 10)};
  test.add(job);
  EXPECT_EQ(test.jobs.bytes_kept(), 17u);
  test.claim();
  EXPECT_EQ(test.jobs.busy_workers(), 1);
  test.jobs.claim("second", {"video"}, -1);
  EXPECT_EQ(test.jobs.busy_workers(), 1);
}

TEST_P(JobCounts, TellWhatEndedAndWhereItsTimeWent) {
  TestStore test;
  const std::int64_t before = now_ms();
  const std::string made = test.add(new_job()), cancelled = test.add(new_job());
  JobOutcome outcome{.files = {file_of("video", 'a')},
                     .moderation = nlohmann::json::array({{{"stage", "frames"}, {"decision", "allow"}}}),
                     .timings = {.phase_ms = {{"sampling", 1200}}, .steps = 30}};
  test.jobs.finish(test.claim(), outcome);
  test.jobs.cancel(cancelled);
  const auto ended = test.jobs.ended_since(before);
  ASSERT_EQ(ended.size(), 2u);
  EXPECT_EQ(ended[0].id, made);
  EXPECT_EQ(ended[0].attempts, 1);
  EXPECT_GE(ended[0].started_ms, ended[0].created_ms);
  EXPECT_GE(ended[0].finished_ms, ended[0].started_ms);
  EXPECT_EQ(ended[0].timings.phase_ms.at("sampling"), 1200);
  EXPECT_EQ(ended[0].timings.steps, 30);
  EXPECT_EQ(ended[1].status, JobStatus::cancelled);
  EXPECT_EQ(ended[1].attempts, 0);
  EXPECT_EQ(test.jobs.ended_since(before, 1).size(), 1u);
  EXPECT_TRUE(test.jobs.ended_since(now_ms() + 1000).empty());
  EXPECT_EQ(test.get(made).moderation, outcome.moderation);
  EXPECT_EQ(test.get(made).timings.steps, 30);
  EXPECT_EQ(test.get(cancelled).timings.steps, 0);
}

TEST_P(JobCounts, DecisionsOfBothStagesAreKept) {
  TestStore test;
  NewJob job = new_job();
  job.moderation = nlohmann::json::array({{{"stage", "prompt"}, {"decision", "allow"}}});
  const std::string id = test.add(job);
  EXPECT_EQ(test.get(id).moderation, job.moderation);
  test.jobs.finish(test.claim(),
                   {.status = JobStatus::failed,
                    .error = JobError{"moderation", "no"},
                    .moderation = nlohmann::json::array({{{"stage", "frames"}, {"decision", "refuse"}}})});
  EXPECT_EQ(test.get(id).moderation.size(), 2u);
  EXPECT_EQ(test.get(id).moderation[1]["stage"], "frames");
}

TEST(SqliteJobCounts, ReadNoJobs) {
  TestStore test;
  for (const char* sql : {"SELECT model, status, count(*) FROM jobs GROUP BY model, status",
                          "SELECT sha256, max(bytes) FROM blob_uses GROUP BY sha256"}) {
    const std::string plan = test.database->query(std::string("EXPLAIN QUERY PLAN ") + sql).at(0).text(3);
    EXPECT_NE(plan.find("COVERING INDEX"), std::string::npos) << plan;
  }
  const std::string plan =
      test.database->query("EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE finished_ms >= 5 ORDER BY finished_ms")
          .at(0)
          .text(3);
  EXPECT_NE(plan.find("jobs_finished"), std::string::npos) << plan;
}

}  // namespace
}  // namespace hotshot::store
