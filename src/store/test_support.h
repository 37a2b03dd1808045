// A store in a database that vanishes, and jobs to put into it.
#pragma once

#include <string>
#include <vector>

#include "store/jobs.h"
#include "store/test_database.h"

namespace hotshot::store {

inline NewJob new_job(const std::string& owner = "ann", const std::string& prompt = "a red car") {
  NewJob job;
  job.owner = owner;
  job.prompt = prompt;
  job.model = "act-one-mini";
  job.requested = {{"prompt", prompt}, {"seed", 1}};
  return job;
}

inline JobFile file_of(const std::string& role, char digit, std::uint64_t bytes = 10) {
  return {.role = role, .sha256 = std::string(64, digit), .type = "video/mp4", .bytes = bytes};
}

/// A job store of its own.
struct TestStore {
  TestDatabase place;
  std::unique_ptr<Database> database = place.open();
  JobStore jobs{*database};

  std::string add(const NewJob& job) { return jobs.submit({job}).jobs.at(0).id; }
  Job get(const std::string& id) { return jobs.find(id).value(); }
  Claim claim(std::int64_t lease_ms = 30'000) { return jobs.claim("worker", {"video"}, lease_ms).value(); }
  std::int64_t number(const std::string& sql) { return database->query(sql).at(0).integer(0); }
};

}  // namespace hotshot::store
