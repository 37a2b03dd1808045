#include "net/file_response.h"

#include <gtest/gtest.h>

#include <optional>

namespace hotshot::net {
namespace {

FileInfo file_of(std::uint64_t size) {
  FileInfo file;
  file.path = "clip.mp4";
  file.size = size;
  file.type = "video/mp4";
  file.etag = "abc";
  return file;
}

Request asking(Headers headers, std::string method = "GET") {
  Request request;
  request.method = std::move(method);
  request.headers = std::move(headers);
  return request;
}

struct RangeCase {
  std::string range;
  std::uint64_t size;
  int status;
  std::string content_range;
  std::uint64_t offset = 0, length = 0;
};

TEST(FileResponseTest, AnswersRanges) {
  const RangeCase cases[] = {
      {"bytes=0-0", 100, 206, "bytes 0-0/100", 0, 1},
      {"bytes=0-99", 100, 206, "bytes 0-99/100", 0, 100},
      {"bytes=10-", 100, 206, "bytes 10-99/100", 10, 90},
      {"bytes=99-", 100, 206, "bytes 99-99/100", 99, 1},
      {"bytes=10-1000", 100, 206, "bytes 10-99/100", 10, 90},
      {"bytes=10-99999999999999999999999", 100, 206, "bytes 10-99/100", 10, 90},
      {"bytes=-10", 100, 206, "bytes 90-99/100", 90, 10},
      {"bytes=-1000", 100, 206, "bytes 0-99/100", 0, 100},
      {"bytes=-99999999999999999999999", 100, 206, "bytes 0-99/100", 0, 100},
      {"Bytes = 1 - 2", 100, 206, "bytes 1-2/100", 1, 2},
      {"bytes=100-", 100, 416, "bytes */100"},
      {"bytes=100-200", 100, 416, "bytes */100"},
      {"bytes=99999999999999999999999-", 100, 416, "bytes */100"},
      {"bytes=-0", 100, 416, "bytes */100"},
      {"bytes=0-", 0, 416, "bytes */0"},
      {"bytes=-5", 0, 200, "", 0, 0},
      {"bytes=5-4", 100, 200, "", 0, 100},
      {"bytes=", 100, 200, "", 0, 100},
      {"bytes=-", 100, 200, "", 0, 100},
      {"bytes=a-b", 100, 200, "", 0, 100},
      {"bytes=1", 100, 200, "", 0, 100},
      {"bytes=+1-2", 100, 200, "", 0, 100},
      {"bytes=1-2x", 100, 200, "", 0, 100},
      {"bytes=--1", 100, 200, "", 0, 100},
      {"bytes=0-1,5-6", 100, 200, "", 0, 100},
      {"items=0-1", 100, 200, "", 0, 100},
      {"", 100, 200, "", 0, 100},
  };
  for (const auto& [range, size, status, content_range, offset, length] : cases) {
    const auto response = file_response(asking({{"Range", range}}), file_of(size));
    EXPECT_EQ(response.status, status) << range;
    EXPECT_EQ(response.headers.get("content-range"), content_range) << range;
    EXPECT_EQ(response.headers.get("accept-ranges"), "bytes");
    const auto* body = std::get_if<FileBody>(&response.body);
    ASSERT_EQ(body != nullptr, status != 416) << range;
    if (!body) continue;
    EXPECT_EQ(body->offset, offset) << range;
    EXPECT_EQ(body->length, length) << range;
  }
}

TEST(FileResponseTest, TheWholeFileHasItsHeaders) {
  const auto response = file_response(asking({}), file_of(100));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("content-type"), "video/mp4");
  EXPECT_EQ(response.headers.get("etag"), "\"abc\"");
  EXPECT_EQ(response.headers.get("cache-control"), "private, max-age=31536000, immutable");
  EXPECT_EQ(response.headers.find("content-disposition"), nullptr);
  EXPECT_EQ(std::get<FileBody>(response.body).path, "clip.mp4");
}

TEST(FileResponseTest, HeadAndOthersIgnoreRanges) {
  EXPECT_EQ(file_response(asking({{"Range", "bytes=0-1"}}, "HEAD"), file_of(100)).status, 200);
  EXPECT_EQ(file_response(asking({{"Range", "bytes=0-1"}}, "POST"), file_of(100)).status, 200);
}

TEST(FileResponseTest, IfRangeNeedsTheSameStrongTag) {
  const auto status = [](std::string condition) {
    return file_response(asking({{"Range", "bytes=0-1"}, {"If-Range", condition}}), file_of(100)).status;
  };
  EXPECT_EQ(status("\"abc\""), 206);
  EXPECT_EQ(status("\"abd\""), 200);
  EXPECT_EQ(status("W/\"abc\""), 200);
  EXPECT_EQ(status("abc"), 200);
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:37 GMT"), 200);
  EXPECT_EQ(status(""), 200);
}

TEST(FileResponseTest, AKnownTagIsNotSentAgain) {
  const auto status = [](std::string known, std::string method = "GET") {
    return file_response(asking({{"If-None-Match", known}, {"Range", "bytes=0-1"}}, method), file_of(100)).status;
  };
  for (const auto* known :
       {"\"abc\"", "W/\"abc\"", "*", " * ", "\"x\", \"abc\"", "\"x,y\",W/\"z\" , W/\"abc\"", ",\"abc\""}) {
    EXPECT_EQ(status(known), 304) << known;
  }
  for (const auto* other : {"", "abc", "\"ab\"", "\"abcd\"", "\"abc", "W/", "\"x, \"abc\"", "\"*\""}) {
    EXPECT_EQ(status(other), 206) << other;
  }
  EXPECT_EQ(status("\"abc\"", "HEAD"), 304);
  const auto response = file_response(asking({{"If-None-Match", "*"}}), file_of(100));
  EXPECT_EQ(response.headers.get("etag"), "\"abc\"");
  EXPECT_NE(response.headers.get("cache-control"), "");
  EXPECT_EQ(std::get<std::string>(response.body), "");
}

TEST(FileResponseTest, NamesAreQuotedAndEncoded) {
  const auto disposition = [](std::string name, bool shown = false) {
    auto file = file_of(1);
    file.download_name = std::move(name);
    file.inline_name = shown;
    return file_response(asking({}), file).headers.get("content-disposition");
  };
  EXPECT_EQ(disposition("clip.mp4"), "attachment; filename=\"clip.mp4\"");
  EXPECT_EQ(disposition("my clip.mp4", true), "inline; filename=\"my clip.mp4\"");
  EXPECT_EQ(disposition("€ é.mp4"), "attachment; filename=\"_ _.mp4\"; filename*=UTF-8''%E2%82%AC%20%C3%A9.mp4");
  EXPECT_EQ(disposition("a\"b\\c%41/d.mp4"),
            "attachment; filename=\"a_b_c_41_d.mp4\"; filename*=UTF-8''a%22b%5Cc%2541%2Fd.mp4");
  EXPECT_EQ(disposition("a\r\nevil: 1"), "attachment; filename=\"a__evil: 1\"; filename*=UTF-8''a%0D%0Aevil%3A%201");
}

}  // namespace
}  // namespace hotshot::net
