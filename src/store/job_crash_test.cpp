// Several processes on one database, and some of them killed. A process opens the database after its fork: connections
// must not cross one.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "store/test_support.h"

namespace hotshot::store {
namespace {

HOTSHOT_ON_EACH_DATABASE(Processes);

namespace fs = std::filesystem;

pid_t start(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

std::multiset<std::string> lines(const TestFolder& folder, const std::string& start) {
  std::multiset<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (!entry.path().filename().string().starts_with(start)) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) all.insert(line);
  }
  return all;
}

void submit(const TestDatabase& place, int count) {
  const auto database = place.open();
  JobStore jobs(*database);
  NewJob job = new_job();
  job.max_attempts = 1'000'000;
  std::vector<NewJob> batch(100, job);
  for (int i = 0; i < count; i += 100) {
    for (NewJob& one : batch) one.owner = fmt::format("owner-{}", i / 100);
    jobs.submit(batch);
  }
}

TEST_P(Processes, EightTakeEveryJobExactlyOnce) {
  constexpr int kJobs = 2000;
  const TestDatabase place;
  submit(place, kJobs);
  std::vector<pid_t> children;
  const auto began = std::chrono::steady_clock::now();
  for (int worker = 0; worker < 8; ++worker)
    children.push_back(start([&] {
      const auto database = place.open();
      JobStore jobs(*database);
      std::ofstream log(place.folder() / fmt::format("taken-{}", worker));
      while (const auto claim = jobs.claim(fmt::format("worker-{}", worker), {"video"})) log << claim->job.id << "\n";
    }));
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("8 processes: {} claims in {:.1f} s, {:.0f} claims/s\n", kJobs, seconds, kJobs / seconds);
  const auto taken = lines(place.folder(), "taken-");
  EXPECT_EQ(taken.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(std::set(taken.begin(), taken.end()).size(), static_cast<std::size_t>(kJobs));
  const auto database = place.open();
  EXPECT_EQ(database->query("SELECT count(*) FROM jobs WHERE status = 'running' AND attempts = 1 AND lease_token = 1")
                .at(0)
                .integer(0),
            kJobs);
}

// Two databases of one process on a file, the second of which is closed: what the first writes must still be seen by
// others (SQLite's locks belong to the process and fall with any descriptor of the file).
TEST(SqliteProcesses, ASecondOpeningLeavesTheFirstItsLocks) {
  const TestDatabase place(DatabaseKind::sqlite);
  submit(place, 100);
  int ready[2] = {};
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = start([&] {
    char byte = 0;
    if (::read(ready[0], &byte, 1) == 1) submit(place, 100);
  });
  const auto first = place.open();
  JobStore jobs(*first);
  const std::string before = jobs.submit({new_job()}).jobs.at(0).id;
  place.open();
  ASSERT_EQ(::write(ready[1], "x", 1), 1);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const std::string after = jobs.submit({new_job()}).jobs.at(0).id;
  // A lost lock shows here: the child, taking itself for the last, deleted the log that the first goes on writing.
  EXPECT_TRUE(fs::exists(place.folder() / "store.db-wal"));
  const auto second = place.open();
  EXPECT_TRUE(JobStore(*second).find(before));
  EXPECT_TRUE(JobStore(*second).find(after));
  EXPECT_EQ(second->query("SELECT count(*) FROM jobs").at(0).integer(0), 202);
  ::close(ready[0]);
  ::close(ready[1]);
}

// Claims, reports, finishes, and says what it finished only after the store said so.
void work(const TestDatabase& place, const std::string& name) {
  const auto database = place.open();
  JobStore jobs(*database);
  std::ofstream log(place.folder() / ("done-" + name));
  while (const auto claim = jobs.claim(name, {"video"}, 0)) {
    const JobFile file{"video", claim->job.id + name, "video/mp4", 1};
    jobs.heartbeat(*claim, {.phase = "sampling", .fraction = 0.5, .preview = claim->job.id}, 0);
    if (jobs.finish(*claim, {.files = {file}})) log << claim->job.id << std::endl;
  }
}

// Everything that was said to be done is done; nothing is half.
void check(const TestDatabase& place, std::int64_t count) {
  const auto database = place.open();
  JobStore jobs(*database);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  jobs.reap();
  const auto number = [&](const std::string& sql) { return database->query(sql).at(0).integer(0); };
  EXPECT_EQ(number("SELECT count(*) FROM jobs"), count);
  EXPECT_EQ(number("SELECT count(*) FROM jobs WHERE status NOT IN ('queued', 'succeeded')"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM blob_uses"), number("SELECT count(*) FROM jobs WHERE status = 'succeeded'"));
  EXPECT_EQ(number("SELECT count(*) FROM events"), number("SELECT sum(version) FROM jobs"));
  const auto done = lines(place.folder(), "done-");
  for (const std::string& id : done) {
    EXPECT_EQ(done.count(id), 1u);
    const Job job = jobs.find(id).value();
    EXPECT_EQ(job.status, JobStatus::succeeded);
    EXPECT_EQ(job.files.size(), 1u);
  }
}

// Two workers at a time, each killed at an instant of its own; the second sometimes lives on alone for a while.
TEST_P(Processes, KilledAtAnyInstantLoseAndRepeatNothing) {
  constexpr int kRounds = 100, kJobs = 3000;
  const TestDatabase place;
  submit(place, kJobs);
  // Connecting to a server takes longer than opening a file.
  const int youngest_us = on_postgres() ? 20'000 : 2'000, spread_us = on_postgres() ? 50'000 : 16'000;
  std::mt19937 random(7);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<pid_t> children;
    for (const char* side : {"a", "b"})
      children.push_back(start([&] { work(place, fmt::format("{}-{}", side, round)); }));
    for (const pid_t child : children) {
      std::this_thread::sleep_for(std::chrono::microseconds(youngest_us + random() % spread_us));
      ::kill(child, SIGKILL);
      ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    }
    if (round % 10 == 9) check(place, kJobs);
  }
  check(place, kJobs);
  const auto database = place.open();
  if (!on_postgres()) {
    EXPECT_EQ(database->query("PRAGMA integrity_check").at(0).text(0), "ok");
  }
  const Row row = database->query("SELECT count(*), sum(attempts) FROM jobs WHERE status = 'succeeded'").at(0);
  const auto lost =
      database->query("SELECT sum(lease_token) - sum(CASE WHEN status = 'succeeded' THEN 1 ELSE 0 END) FROM jobs")
          .at(0)
          .integer(0);
  fmt::print("{} rounds: {} jobs finished, {} attempts died with their worker\n", kRounds, row.integer(0), lost);
  EXPECT_GT(row.integer(0), 50);
  EXPECT_GT(lost, 10);
}

}  // namespace
}  // namespace hotshot::store
