#include "service/archive.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/digest.h"
#include "base/random.h"
#include "service/test_support.h"

namespace hotshot::service {
namespace {

using nlohmann::json;

std::string packed(TestService& test) {
  const std::string owner = test.service->accounts().local().id;
  std::string zip;
  export_library(*test.service, owner, [&](std::string_view bytes) { zip += bytes; });
  return zip;
}

ImportReport unpacked(TestService& test, const std::string& zip) {
  const TestFolder folder;
  return import_library(*test.service, test.service->accounts().local().id, folder.file("x.zip", zip));
}

// A library of three: done, cancelled, in the trash.
std::vector<std::string> fill(TestService& test) {
  std::vector<std::string> ids{test.submit("a red cat"), test.submit("a blue dog"), test.submit("a green fish")};
  test.send("POST", "/api/v1/jobs/" + ids[1] + "/cancel");
  while (test.work()) {
  }
  test.send_json("PATCH", "/api/v1/jobs/" + ids[0],
                 {{"title", "Tom \"the\" cat"}, {"folder", "pets"}, {"favourite", true}});
  test.send_json("PATCH", "/api/v1/jobs/" + ids[2], {{"trashed", true}});
  return ids;
}

TEST(Archive, ALibraryComesBackWholeInAnotherService) {
  TestService from, to;
  const std::vector<std::string> ids = fill(from);
  from.submit("still waiting");
  const std::string zip = packed(from);
  const ImportReport report = unpacked(to, zip);
  EXPECT_TRUE(report.problems.empty()) << report.problems[0];
  EXPECT_EQ(report.added, 3);
  for (const std::string& id : ids) {
    json before = from.job(id), after = to.job(id);
    for (const char* name : {"owner", "version"}) before.erase(name), after.erase(name);
    EXPECT_EQ(before, after);
    for (const auto& [role, file] : after["files"].items()) {
      EXPECT_EQ(to.get(file["url"]).body, from.get(file["url"]).body) << role;
    }
  }
  EXPECT_EQ(unpacked(to, zip).known, 3);
  EXPECT_EQ(packed(to).size(), zip.size());
}

TEST(Archive, AChangedByteOrAMissingFileLeavesThatClipOut) {
  TestService from;
  const std::vector<std::string> ids = fill(from);
  const std::string zip = packed(from);
  std::string changed = zip;
  changed[changed.find("video of a red cat")] = 'V';
  TestService one;
  const ImportReport report = unpacked(one, changed);
  EXPECT_EQ(report.added, 2);
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_NE(report.problems[0].find(ids[0]), std::string::npos);
  EXPECT_EQ(one.get("/api/v1/jobs/" + ids[0]).status, 404);
}

TEST(Archive, WhatIsNoExportIsRefusedAndNothingCrashes) {
  TestService from;
  fill(from);
  const std::string zip = packed(from);
  TestService test;
  EXPECT_NE(message_of([&] { unpacked(test, "no zip at all"); }), "");
  EXPECT_NE(message_of([&] { unpacked(test, ""); }), "");
  Random random(1, "archive");
  for (int round = 0; round < 150; ++round) {
    std::string broken = zip;
    if (random.chance(0.3f)) broken.resize(random.below(static_cast<std::uint32_t>(zip.size())));
    for (std::uint32_t k = random.below(6) + (round == 0); k > 0 && !broken.empty(); --k) {
      broken[random.below(static_cast<std::uint32_t>(broken.size()))] = static_cast<char>(random.below(256));
    }
    try {
      unpacked(test, broken);
    } catch (const InvalidArgument&) {
    }
  }
  // Every clip that got in is whole.
  const json jobs = test.get("/api/v1/jobs").json();
  for (const json& job : jobs["jobs"]) {
    for (const auto& [role, file] : job["files"].items()) {
      const Answer answer = test.get(file["url"]);
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(sha256_text(answer.body), file["sha256"]);
    }
  }
}

// A sidecar with something changed, its archive otherwise as exported.
std::string with_sidecar(std::string zip, const std::string& from, const std::string& to) {
  // Of the same length, so that the archive's own table stays right; stored entries have no checksum of the sidecar but
  // ZIP's, which is not what keeps a forger out.
  const std::size_t at = zip.find(from);
  if (at == std::string::npos || from.size() != to.size()) throw std::runtime_error("nothing to change");
  return zip.replace(at, from.size(), to);
}

TEST(Archive, AForgedSidecarIsLeftOut) {
  TestService from;
  fill(from);
  const std::string zip = packed(from);
  const std::string sha = from.get("/api/v1/jobs?q=cat").json()["jobs"][0]["files"]["video"]["sha256"];
  for (const auto& [before, after] :
       std::vector<std::pair<std::string, std::string>>{{"\"video/mp4\"", "\"text/html\""},
                                                        {"\"role\": \"video\"", "\"role\": \"../..\""},
                                                        {"\"sha256\": \"" + sha.substr(0, 4), "\"sha256\": \"../."},
                                                        {"\"size\": \"32x32\"", "\"size\": 1234567"}}) {
    TestService to;
    ImportReport report;
    try {
      report = unpacked(to, with_sidecar(zip, before, after));
    } catch (const InvalidArgument&) {  // ZIP's own checksum noticed
      continue;
    }
    EXPECT_LT(report.added, 3) << after;
    EXPECT_FALSE(report.problems.empty()) << after;
  }
}

TEST(Archive, GoesOverHttpBothWays) {
  TestService from, to;
  fill(from);
  const Answer zip = from.get("/api/v1/export");
  EXPECT_EQ(zip.status, 200);
  EXPECT_EQ(zip.headers.get("content-type"), "application/zip");
  EXPECT_EQ(zip.body.substr(0, 2), "PK");
  const Answer report = to.send("POST", "/api/v1/import", zip.body, "content-type: application/zip\r\n");
  ASSERT_EQ(report.status, 200) << report.body;
  EXPECT_EQ(report.json()["added"], 3);
  EXPECT_EQ(to.get("/api/v1/jobs?q=cat").json()["jobs"].size(), 1u);
  EXPECT_EQ(to.send("POST", "/api/v1/import", "no", "content-type: application/zip\r\n").status, 422);
  EXPECT_EQ(to.send("POST", "/api/v1/import").status, 400);
}

TEST(Archive, SunsetNeverStopsTheExport) {
  TestService test(
      [](ServiceConfig& config) { config.creation_ends = "2020-01-01", config.export_ends = "2021-01-01"; });
  EXPECT_EQ(test.get("/api/v1/export").status, 200);
}

}  // namespace
}  // namespace hotshot::service
