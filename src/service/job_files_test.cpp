// Jobs whose files lie in a bucket.
#include "service/job_files.h"

#include <gtest/gtest.h>

#include "net/client.h"
#include "service/test_support.h"
#include "store/test_s3.h"

namespace hotshot::service {
namespace {

constexpr const char* kVideo = "video of a red cat";

class InBucket : public testing::Test {
 protected:
  std::function<void(ServiceConfig&)> settings(bool links) {
    return [this, links](ServiceConfig& config) {
      config.blobs = "s3://clips/hotshot";
      config.s3_endpoint = s3.endpoint();
      config.s3_region = "eu-central-1";
      config.s3_access_key = store::TestS3::kAccessKey;
      config.s3_secret_key = store::TestS3::kSecretKey;
      config.blob_links = links;
    };
  }
  static std::string finished_job(TestService& test) {
    const std::string id = test.submit();
    EXPECT_TRUE(test.work());
    return id;
  }
  net::ClientResponse follow(const Answer& answer) const {
    return net::Client({.hosts = {s3.endpoint().substr(7)}}).send({.url = answer.headers.get("location")});
  }

  store::TestS3 s3;
};

TEST_F(InBucket, FilesAreSentWithRangesAndNames) {
  TestService test(settings(false));
  const std::string path = "/api/v1/jobs/" + finished_job(test) + "/files/video";
  EXPECT_EQ(s3.objects().size(), 3u);
  EXPECT_EQ(test.get(path).body, kVideo);
  const Answer part = test.get(path, "range: bytes=0-4\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "video");
  std::filesystem::remove_all(test.service->folder("cache"));  // a machine that never had them
  TestService other(settings(false));
  const std::string sha256 = test.job(path.substr(13, path.find("/files") - 13))["files"]["video"]["sha256"];
  EXPECT_EQ(read_file(other.service->blobs().find(sha256).value()), kVideo);
}

TEST_F(InBucket, ExportAndImportGoThroughTheBucket) {
  TestService from(settings(false)), to(settings(false));
  finished_job(from);
  const Answer archive = from.get("/api/v1/export");
  ASSERT_EQ(archive.status, 200);
  const Answer taken = to.send("POST", "/api/v1/import", archive.body, "content-type: application/zip\r\n");
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(taken.json()["added"], 1);
}

TEST_F(InBucket, LinksLeadToTheBucket) {
  TestService test(settings(true));
  const std::string id = finished_job(test), path = "/api/v1/jobs/" + id + "/files/video";
  const Answer plain = test.get(path);
  EXPECT_EQ(plain.status, 302);
  EXPECT_EQ(plain.headers.get("location").find(s3.endpoint() + "/clips/hotshot/"), 0u);
  EXPECT_NE(plain.headers.get("cache-control").find("private, max-age="), std::string::npos);
  EXPECT_NE(plain.headers.get("content-security-policy").find("media-src 'self' blob: data: " + s3.endpoint()),
            std::string::npos);
  const net::ClientResponse video = follow(plain);
  EXPECT_EQ(video.status, 200) << video.body;
  EXPECT_EQ(video.body, kVideo);
  EXPECT_EQ(video.headers.get("content-type"), "video/mp4");
  EXPECT_EQ(follow(test.get(path + "?download=1")).headers.get("content-disposition"),
            "attachment; filename=\"" + id + ".mp4\"");
  EXPECT_EQ(test.send("HEAD", path).status, 200);
  EXPECT_EQ(test.get("/api/v1/jobs/" + id + "/files/webm").status, 404);
  for (const std::string& other : {"/v1/videos/" + id + "/content", "/openrouter/api/v1/videos/" + id + "/content"})
    EXPECT_EQ(follow(test.get(other)).body, kVideo) << other;
}

TEST_F(InBucket, SettingsThatDoNotFitAreRefusedAtTheStart) {
  const auto message = [&](auto change) {
    return message_of([&] {
      TestService test([&](ServiceConfig& config) {
        settings(false)(config);
        change(config);
      });
    });
  };
  EXPECT_NE(message([](ServiceConfig& c) { c.blobs = "/srv/files"; }).find("expected s3://"), std::string::npos);
  EXPECT_NE(message([](ServiceConfig& c) { c.blobs = ""; }).find("expected blobs"), std::string::npos);
  EXPECT_NE(message([](ServiceConfig& c) { c.s3_secret_key = "another"; }).find("SignatureDoesNotMatch"),
            std::string::npos);
}

}  // namespace
}  // namespace hotshot::service
