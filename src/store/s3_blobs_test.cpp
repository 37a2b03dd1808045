// What is special about a bucket: signatures, failures on the way, several machines, links. What it has in common with
// other places is in blobs_test.cpp.
#include "store/s3_blobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <ostream>
#include <set>

#include "base/digest.h"
#include "base/file.h"
#include "net/client.h"
#include "store/test_blobs.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

const std::string kAbc = sha256_text("abc");
const std::string kLarge = std::string(250'000, 'l') + std::string(250'000, 'm');  // uploaded in five parts

std::string read(BlobStore& blobs, const std::string& sha256) {
  const auto path = blobs.find(sha256);
  return path ? read_file(*path) : "";
}

TEST(S3Blobs, EveryRequestIsSignedRightly) {
  TestS3Place place;
  const auto blobs = place.open();
  blobs->put("abc");
  blobs->put(kLarge);
  blobs->each(0, [](const Blob&) {});
  EXPECT_EQ(read(*place.open(), kAbc), "abc");
  EXPECT_EQ(read(*place.open(), sha256_text(kLarge)), kLarge);
  blobs->remove(kAbc);
  EXPECT_TRUE(place.s3.refusals().empty()) << place.s3.refusals().front();
  for (const auto& [key, object] : place.s3.objects())
    EXPECT_EQ(key.find("some/prefix/" + sha256_text(kLarge) + "/"), 0u);
}

TEST(S3Blobs, SayAtOpeningWhatIsWrong) {
  TestS3Place place;
  const auto message = [&](auto change) {
    S3BlobOptions options = place.s3.options(place.folder / "cache");
    change(options);
    return message_of([&] { open_s3_blobs(options); });
  };
  EXPECT_NE(message([](S3BlobOptions& o) { o.settings.secret_key = "another"; }).find("SignatureDoesNotMatch"),
            std::string::npos);
  EXPECT_NE(message([](S3BlobOptions& o) { o.settings.region = "us-east-1"; }), "");
  EXPECT_NE(message([](S3BlobOptions& o) { o.settings.url = "s3://others"; }).find("cannot open s3://others: [s3] GET"),
            std::string::npos);
  place.s3.on_request = [](const std::string&) { return Trouble::refuse; };
  EXPECT_THROW(place.open(), S3Error);  // nobody's mistake
}

struct TroubleCase {
  const char* name;
  Trouble trouble;
};
void PrintTo(const TroubleCase& trouble, std::ostream* out) { *out << trouble.name; }

class S3Trouble : public testing::TestWithParam<TroubleCase> {};
INSTANTIATE_TEST_SUITE_P(With, S3Trouble,
                         testing::Values(TroubleCase{"Refusals", Trouble::refuse},
                                         TroubleCase{"SlowDown", Trouble::slow_down},
                                         TroubleCase{"Stalls", Trouble::stall}, TroubleCase{"CutAnswers", Trouble::cut},
                                         TroubleCase{"LateErrors", Trouble::late_error}),
                         [](const auto& info) { return info.param.name; });

// Each kind of request fails twice, then comes through.
TEST_P(S3Trouble, IsOvercomeByTryingAgain) {
  TestS3Place place;
  const auto blobs = place.open(), other = place.open();
  std::map<std::string, int> tries;
  std::mutex mutex;
  const Trouble trouble = GetParam().trouble;
  place.s3.on_request = [&](const std::string& what) -> std::optional<Trouble> {
    // Transfers of files have no bound of time but a minute's stall.
    const bool transfers = what.starts_with("PUT") || (what.starts_with("GET") && what.find('?') == std::string::npos);
    if (trouble == Trouble::stall && transfers) return {};
    if (trouble == Trouble::late_error && what.starts_with("GET") && transfers) return {};
    const std::lock_guard lock(mutex);
    if (tries[what.substr(0, what.find('='))]++ < 2) return trouble;
    return {};
  };
  blobs->put("abc");
  blobs->put_file(place.folder.file("large", kLarge));
  EXPECT_EQ(read(*other, kAbc), "abc");
  EXPECT_EQ(read(*other, sha256_text(kLarge)), kLarge);
  int count = 0;
  blobs->each(-1'000'000, [&](const Blob&) { ++count; });
  EXPECT_EQ(count, 2);
  EXPECT_TRUE(blobs->remove(kAbc));
  EXPECT_FALSE(place.open()->find(kAbc));
  EXPECT_EQ(place.s3.uploads(), trouble == Trouble::cut ? 2 : 0);  // begun, and nobody heard of it: gone after a day
  place.s3.on_request = nullptr;
  place.s3.make_older(kAbc, 25);
  blobs->each(0, [](const Blob&) {});
  EXPECT_EQ(place.s3.uploads(), 0);
}

TEST(S3Blobs, RefusalsThatStayAreNotAskedAgain) {
  TestS3Place place;
  const auto blobs = place.open();
  place.s3.on_request = [](const std::string&) { return Trouble::forbid; };
  const int before = place.s3.requests();
  const fs::path file = place.folder.file("abc", "abc");
  try {
    blobs->put_file(file);
    FAIL();
  } catch (const S3Error& error) {
    EXPECT_EQ(error.status, 403);
    EXPECT_EQ(error.code, "AccessDenied");
    EXPECT_NE(std::string(error.what()).find("403 AccessDenied: in the test"), std::string::npos);
  }
  EXPECT_EQ(place.s3.requests(), before + 1);
  EXPECT_TRUE(fs::exists(file));  // for another try
}

TEST(S3Blobs, DamagedBytesReachNobody) {
  TestS3Place place;
  place.open()->put("abc");
  const auto blobs = place.open();
  place.s3.on_request = [](const std::string& what) -> std::optional<Trouble> {
    if (what.find("GET /clips/some") == 0) return Trouble::spoil;
    return {};
  };
  EXPECT_THROW(blobs->find(kAbc), net::ClientError);
  EXPECT_THROW(blobs->find(kAbc), net::ClientError);
  place.s3.on_request = nullptr;
  EXPECT_EQ(read(*blobs, kAbc), "abc");
}

TEST(S3Blobs, OneSoundCopyIsEnough) {
  TestS3Place place;
  place.open()->put("abc");
  place.s3.make_older(kAbc, 1);
  place.s3.put_object("some/prefix/" + kAbc + "/put_damaged", "abd");
  EXPECT_EQ(read(*place.open(), kAbc), "abc");
}

// The sweeper looks, finds the blob old, and asks for its removal; meanwhile another machine puts the same bytes.
TEST(S3Blobs, PutAgainDuringARemovalTheyStay) {
  TestS3Place place;
  const auto sweeper = place.open(), worker = place.open();
  sweeper->put("abc");
  place.make_older(kAbc, 1);
  std::atomic<bool> put{false};
  place.s3.on_request = [&](const std::string& what) -> std::optional<Trouble> {
    if (what.starts_with("DELETE") && !put.exchange(true)) worker->put("abc");
    return {};
  };
  sweeper->remove(kAbc, 60'000);
  EXPECT_TRUE(put);
  EXPECT_EQ(read(*place.open(), kAbc), "abc");
  EXPECT_FALSE(sweeper->remove(kAbc, 60'000));
}

TEST(S3Blobs, ReadersFindTheCopyThatReplacedTheirs) {
  TestS3Place place;
  const auto sweeper = place.open();
  sweeper->put("abc");
  std::atomic<bool> replaced{false};
  place.s3.on_request = [&](const std::string& what) -> std::optional<Trouble> {
    if (what.find("GET /clips/some") == 0 && !replaced.exchange(true)) {
      sweeper->remove(kAbc);
      sweeper->put("abc");
    }
    return {};
  };
  EXPECT_EQ(read(*place.open(), kAbc), "abc");
  EXPECT_TRUE(replaced);
}

// What was uploaded in parts is as old as the beginning of the upload; the worker still has its grace.
TEST(S3Blobs, SlowUploadsHaveTheirWholeGrace) {
  TestS3Place place;
  const auto blobs = place.open();
  place.s3.on_request = [&](const std::string& what) -> std::optional<Trouble> {
    if (what.find("partNumber=3&") != std::string::npos) place.s3.make_older("", 2);
    return {};
  };
  const std::string name = blobs->put(kLarge).sha256;
  EXPECT_FALSE(blobs->remove(name, 60'000));
  int old = 0;
  blobs->each(60'000, [&](const Blob&) { ++old; });
  EXPECT_EQ(old, 0);
  place.make_older(name, 1);
  EXPECT_TRUE(blobs->remove(name, 60'000));
  EXPECT_TRUE(place.s3.objects().empty());
}

TEST(S3Blobs, UploadsThatFailAreCalledOff) {
  TestS3Place place;
  const auto blobs = place.open();
  place.s3.on_request = [](const std::string& what) -> std::optional<Trouble> {
    if (what.find("partNumber=3&") != std::string::npos) return Trouble::refuse;
    return {};
  };
  const fs::path file = place.folder.file("large", kLarge);
  EXPECT_THROW(blobs->put_file(file), S3Error);
  EXPECT_EQ(place.s3.uploads(), 0);
  EXPECT_TRUE(place.s3.objects().empty());
  EXPECT_TRUE(fs::exists(file));
  EXPECT_FALSE(blobs->find(sha256_text(kLarge)));
}

TEST(S3Blobs, EachReadsAllPagesAndClearsUp) {
  TestS3Place place;
  const auto blobs = place.open();
  for (int i = 0; i < 9; ++i) blobs->put("blob " + std::to_string(i));
  for (int i = 0; i < 3; ++i) blobs->put("abc");
  place.s3.put_object("some/prefix/notes.txt", "the owner's own");
  place.s3.put_object("some/prefix/" + kAbc, "no blob either");
  place.s3.put_object("some/prefix/" + sha256_text("x") + "/put_1.stamp", "");
  for (const int page : {1, 2, 3, 1000}) {
    place.s3.page = page;
    std::set<std::string> names;
    blobs->each(-1'000'000, [&](const Blob& blob) { EXPECT_TRUE(names.insert(blob.sha256).second); });
    EXPECT_EQ(names.size(), 10u) << page;
  }
  EXPECT_EQ(place.s3.objects().size(), 15u);
  place.s3.make_older("", 25);
  blobs->each(0, [](const Blob&) {});
  EXPECT_EQ(place.s3.objects().size(), 12u);  // one copy of each, and what is not ours
  EXPECT_EQ(read(*place.open(), kAbc), "abc");
}

TEST(S3Blobs, CopiesOnDiskSaveRequests) {
  TestS3Place place;
  const auto blobs = place.open();
  blobs->put("abc");
  const int before = place.s3.requests();
  EXPECT_EQ(read(*blobs, kAbc), "abc");
  EXPECT_EQ(place.s3.requests(), before);
}

TEST(S3Blobs, LinksOpenWithoutKeys) {
  TestS3Place place;
  const auto blobs = place.open();
  const net::Client client({.hosts = {place.s3.endpoint().substr(7)}});
  const net::Headers answer{{"content-type", "video/mp4"}, {"content-disposition", "inline; filename=\"a b.mp4\""}};
  EXPECT_FALSE(blobs->link(kAbc, std::chrono::hours(1), answer));
  blobs->put("abc");
  const std::string link = blobs->link(kAbc, std::chrono::hours(1), answer).value();
  EXPECT_EQ(link.find(place.s3.endpoint() + "/clips/some/prefix/" + kAbc + "/put_"), 0u);
  const net::ClientResponse response = client.send({.url = link});
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body, "abc");
  EXPECT_EQ(response.headers.get("content-type"), "video/mp4");
  EXPECT_EQ(response.headers.get("content-disposition"), "inline; filename=\"a b.mp4\"");
  std::string other = link;
  other.replace(other.find("video%2Fmp4"), 11, "text%2Fhtml");
  EXPECT_EQ(client.send({.url = other}).status, 403);
  EXPECT_EQ(client.send({.url = link.substr(0, link.find('?'))}).status, 403);
  const std::string over = blobs->link(kAbc, std::chrono::seconds(-1), answer).value();
  EXPECT_EQ(client.send({.url = over}).status, 403);
}

}  // namespace
}  // namespace hotshot::store
