#include "store/s3_address.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/test_support.h"
#include "store/s3_xml.h"

namespace hotshot::store {
namespace {

class S3AddressTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
      ::unsetenv(name);
  }
  static S3Settings settings(const std::string& url, const std::string& endpoint = {}, const std::string& region = {}) {
    return {.url = url, .endpoint = endpoint, .region = region, .access_key = "key", .secret_key = "secret"};
  }
  static std::string address(const S3Settings& given) {
    const S3Address a = s3_address(given);
    return a.scheme + "://" + a.host + a.base_path + "/" + a.prefix;
  }
};

TEST_F(S3AddressTest, AmazonsNames) {
  EXPECT_EQ(address(settings("s3://clips")), "https://clips.s3.us-east-1.amazonaws.com/");
  EXPECT_EQ(address(settings("s3://clips/a/b/", "", "eu-central-1")),
            "https://clips.s3.eu-central-1.amazonaws.com/a/b/");
  EXPECT_EQ(address(settings("s3://clips", "", "cn-north-1")), "https://clips.s3.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(address(settings("s3://my.clips/a")), "https://s3.us-east-1.amazonaws.com/my.clips/a/");
  EXPECT_FALSE(s3_address(settings("s3://clips")).own_endpoint);
}

TEST_F(S3AddressTest, EndpointsOfOnesOwn) {
  EXPECT_EQ(address(settings("s3://clips/a", "http://127.0.0.1:9000")), "http://127.0.0.1:9000/clips/a/");
  EXPECT_EQ(address(settings("s3://clips", "https://S3.Example.org:443/")), "https://s3.example.org/clips/");
  EXPECT_EQ(address(settings("s3://clips", "http://[::1]:9000")), "http://[::1]:9000/clips/");
  EXPECT_EQ(address(settings("s3://clips", "https://x.example.org/storage/v1/s3")),
            "https://x.example.org/storage/v1/s3/clips/");
  EXPECT_TRUE(s3_address(settings("s3://clips", "http://127.0.0.1:9000")).own_endpoint);
}

TEST_F(S3AddressTest, TheEnvironmentFillsUpWhatIsNotSaid) {
  ::setenv("AWS_ENDPOINT_URL", "https://s3.example.org", 1);
  ::setenv("AWS_REGION", "garage", 1);
  ::setenv("AWS_ACCESS_KEY_ID", "their key", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "their secret", 1);
  ::setenv("AWS_SESSION_TOKEN", "their token", 1);
  const S3Address theirs = s3_address({.url = "s3://clips"});
  EXPECT_EQ(theirs.host, "s3.example.org");
  EXPECT_EQ(theirs.signer.region, "garage");
  EXPECT_EQ(theirs.signer.access_key, "their key");
  EXPECT_EQ(theirs.signer.secret_key, "their secret");
  EXPECT_EQ(theirs.signer.session_token, "their token");
  const S3Address ours = s3_address(settings("s3://clips", "http://localhost:1", "eu"));
  EXPECT_EQ(ours.host, "localhost:1");
  EXPECT_EQ(ours.signer.region, "eu");
  EXPECT_EQ(ours.signer.access_key, "key");
  EXPECT_EQ(ours.signer.session_token, "");  // of other keys
}

TEST_F(S3AddressTest, RefusesWhatCannotBe) {
  for (const char* url : {"", "clips", "https://clips", "s3://", "s3://ab", "s3://clips?x", "s3://clips/a b",
                          "s3://clips//a", "s3://clips/../a", "s3://.clips", "s3://clips/a?b"})
    EXPECT_EQ(message_of([&] { s3_address(settings(url)); }).find("[s3] expected"), 0u) << url;
  for (const char* endpoint : {"127.0.0.1:9000", "ftp://host", "https://", "https://user@host", "https://host/?q"})
    EXPECT_EQ(message_of([&] { s3_address(settings("s3://clips", endpoint)); }).find("[s3] expected"), 0u) << endpoint;
  EXPECT_NE(message_of([&] { s3_address(settings("s3://clips", "", "eu/west")); }), "");
  EXPECT_NE(message_of([] { s3_address({.url = "s3://clips", .access_key = "key"}); }).find("no secret key"),
            std::string::npos);
}

TEST(S3Xml, ReadsFlatLists) {
  const std::string xml =
      "<?xml version=\"1.0\"?><List xmlns=\"urn:x\"><KeyCount>2</KeyCount><Prefix/><Contents><Key>a&amp;b&#x2F;&#39;"
      "</Key><Size>3</Size></Contents><Contents ><Key>&lt;&unknown;&#0;&</Key></Contents><Key>last</Key>";
  const auto contents = xml_elements(xml, "Contents");
  ASSERT_EQ(contents.size(), 2u);
  EXPECT_EQ(xml_text(contents[0], "Key"), "a&b/'");
  EXPECT_EQ(xml_text(contents[0], "Size"), "3");
  EXPECT_EQ(xml_text(contents[1], "Key"), "<&unknown;&#0;&");
  EXPECT_EQ(xml_text(contents[1], "Size"), "");
  EXPECT_EQ(xml_text(xml, "KeyCount"), "2");
  EXPECT_EQ(xml_text(xml, "Prefix"), "");
  EXPECT_EQ(xml_elements(xml, "Key").size(), 3u);
}

TEST(S3Xml, SurvivesDamage) {
  const std::string xml = "<List><Contents><Key>abc</Key></Contents></List>";
  for (std::size_t size = 0; size <= xml.size(); ++size) {
    for (const auto& element : xml_elements(std::string_view(xml).substr(0, size), "Contents"))
      EXPECT_EQ(xml_text(element, "Key"), "abc");
  }
  EXPECT_TRUE(xml_elements("<Key", "Key").empty());
  EXPECT_TRUE(xml_elements("<Key </Key>", "Key").empty());
  EXPECT_TRUE(xml_elements("</Key><Key>", "Key").empty());
}

}  // namespace
}  // namespace hotshot::store
