// The examples of "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference: examplebucket, the
// 24th of May 2013.
#include "store/sigv4.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace hotshot::store {
namespace {

constexpr std::int64_t kMay24 = 1'369'353'600;
const S3Signer kExample{.access_key = "AKIAIOSFODNN7EXAMPLE", .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

S3Request example(const std::string& method, const std::string& path) {
  return {.method = method, .host = "examplebucket.s3.amazonaws.com", .path = path};
}

std::string signature(S3Request request, std::string_view body = "") {
  sign(request, kExample, sha256_text(body), kMay24);
  const std::string header = request.headers.get("authorization");
  return header.substr(header.find("Signature=") + 10);
}

TEST(SigV4, GetObject) {
  S3Request request = example("GET", "/test.txt");
  request.headers.set("Range", "bytes=0-9");
  sign(request, kExample, sha256_text(""), kMay24);
  EXPECT_EQ(request.headers.get("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(request.headers.get("x-amz-date"), "20130524T000000Z");
}

TEST(SigV4, PutObject) {
  S3Request request = example("PUT", "/test$file.text");
  request.headers.set("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.set("x-amz-storage-class", "REDUCED_REDUNDANCY");
  EXPECT_EQ(request_target(request), "/test%24file.text");
  EXPECT_EQ(signature(request, "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, QueriesAreSortedAndMayHaveNoValue) {
  S3Request lifecycle = example("GET", "/");
  lifecycle.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature(lifecycle), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  S3Request list = example("GET", "/");
  list.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature(list), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, PresignedLink) {
  S3Request request = example("GET", "/test.txt");
  presign(request, kExample, std::chrono::hours(24), kMay24);
  EXPECT_EQ(request_target(request),
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, EverythingThatIsSentCounts) {
  S3Request request = example("GET", "/a b/c");
  request.headers.set("x-amz-meta-a", "1");
  const std::string plain = signature(request);
  const auto changed = [&](auto change) {
    S3Request other = request;
    change(other);
    return signature(other);
  };
  EXPECT_NE(plain, changed([](S3Request& r) { r.method = "PUT"; }));
  EXPECT_NE(plain, changed([](S3Request& r) { r.host = "other.s3.amazonaws.com"; }));
  EXPECT_NE(plain, changed([](S3Request& r) { r.path = "/a b/d"; }));
  EXPECT_NE(plain, changed([](S3Request& r) { r.query = {{"versionId", "1"}}; }));
  EXPECT_NE(plain, changed([](S3Request& r) { r.headers.set("x-amz-meta-a", "2"); }));
  EXPECT_NE(plain, signature(request, "body"));
  EXPECT_EQ(plain, changed([](S3Request& r) { r.headers.set("X-Amz-Meta-A", "  1 "); }));
  EXPECT_EQ(request_target(request), "/a%20b/c");
}

TEST(SigV4, KeysThatEndBringTheirToken) {
  S3Signer signer = kExample;
  signer.session_token = "token+/=";
  S3Request request = example("GET", "/test.txt");
  sign(request, signer, sha256_text(""), kMay24);
  EXPECT_EQ(request.headers.get("x-amz-security-token"), "token+/=");
  EXPECT_NE(request.headers.get("authorization").find(";x-amz-security-token,"), std::string::npos);
  S3Request link = example("GET", "/test.txt");
  presign(link, signer, std::chrono::hours(1), kMay24);
  EXPECT_NE(request_target(link).find("&X-Amz-Security-Token=token%2B%2F%3D&"), std::string::npos);
}

}  // namespace
}  // namespace hotshot::store
