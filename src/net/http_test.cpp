#include "net/http.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/test_support.h"
#include "net/spool.h"
#include "net/test_support.h"
#include "net/wire.h"

namespace hotshot::net {
namespace {

using Pairs = std::vector<Headers::Pair>;

TEST(HeadersTest, NamesCompareWithoutCase) {
  Headers headers{{"A", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(headers.get("a"), "1");
  EXPECT_EQ(headers.find("c"), nullptr);
  headers.set("a", "4");
  EXPECT_EQ(Pairs(headers.begin(), headers.end()), (Pairs{{"b", "2"}, {"a", "4"}}));
  const std::string own = headers.begin()->first;
  headers.set(headers.begin()->first, "5");  // the name lies in what is replaced
  EXPECT_EQ(headers.get(own), "5");
}

TEST(QueryTest, IsDecodedInOrder) {
  EXPECT_EQ(parse_query("a=1&b=%20+&a=&c&=x&&d=1=2"),
            (Pairs{{"a", "1"}, {"b", "  "}, {"a", ""}, {"c", ""}, {"", "x"}, {"d", "1=2"}}));
  EXPECT_EQ(parse_query("%zz=%4&%4"), (Pairs{{"%zz", "%4"}, {"%4", ""}}));
  EXPECT_EQ(parse_query(""), Pairs());
}

TEST(PercentTest, RoundTripsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a/b c~é"), "a%2Fb%20c~%C3%A9");
  EXPECT_EQ(percent_decode("%41%4a%4A+%"), "AJJ+%");
}

TEST(Utf8Test, IsJudged) {
  for (const auto* good : {"", "a", "é", "€", "😀", "\xf4\x8f\xbf\xbf"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const auto* bad : {"\x80", "\xc3", "\xc0\x80", "\xe2\x82", "\xed\xa0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xff", "\xc3("}) {
    EXPECT_FALSE(is_utf8(bad)) << percent_encode(bad);
  }
}

TEST(DateTest, IsThatOfTheStandard) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110, section 5.6.7
  EXPECT_EQ(http_date(1795618800), "Wed, 25 Nov 2026 15:00:00 GMT");
}

TEST(MediaTypeTest, ComesFromTheExtension) {
  EXPECT_EQ(media_type("clip.mp4"), "video/mp4");
  EXPECT_EQ(media_type("a.b.PNG"), "image/png");
  EXPECT_EQ(media_type("mp4"), "application/octet-stream");
  EXPECT_EQ(media_type("a."), "application/octet-stream");
}

TEST(ContentTest, ReadsPartsFromMemoryAndFile) {
  TestFolder folder;
  const auto path = folder.file("body", "0123456789");
  {
    const Content memory(std::string("0123456789"));
    Content file(path, 10);
    for (const auto& content : {memory, file}) {
      EXPECT_EQ(content.size(), 10u);
      EXPECT_EQ(content.text(), "0123456789");
      EXPECT_EQ(content.read(3, 4), "3456");
      EXPECT_EQ(content.read(8, 4), "89");
      EXPECT_EQ(content.read(10, 4), "");
      EXPECT_EQ(content.read(~0ull, ~0ull), "");
      EXPECT_EQ(content.read(1, ~0ull), "123456789");
      EXPECT_NE(message_of([&] { content.text(9); }), "");
    }
    EXPECT_EQ(memory.path(), "");
    const Content copy = file;
    file = Content();
    EXPECT_EQ(copy.path(), path);
    EXPECT_EQ(copy.text(), "0123456789");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ContentTest, AFileThatEndsEarlyIsAFailure) {
  TestFolder folder;
  const Content content(folder.file("body", "01234"), 10);
  EXPECT_EQ(content.read(0, 10), "01234");
  EXPECT_THROW(content.text(), std::runtime_error);
}

TEST(SpoolTest, GoesToAFileWhenManyAndLeavesNothing) {
  TestFolder folder;
  {
    Spool spool(folder.path(), 10);
    spool.append("01234");
    spool.append("56789");
    EXPECT_EQ(folder.files(), 0);
    spool.append("x");
    EXPECT_EQ(folder.files(), 1);
    EXPECT_EQ(spool.size(), 11u);
    const auto content = spool.finish();
    EXPECT_EQ(content.text(), "0123456789x");
    EXPECT_FALSE(content.path().empty());
    spool.append("again");
    EXPECT_EQ(spool.finish().text(), "again");
    Spool dropped(folder.path(), 0);
    dropped.append("x");
    EXPECT_EQ(folder.files(), 2);
  }
  EXPECT_EQ(folder.files(), 0);
  Spool lost(folder / "none", 0);
  EXPECT_THROW(lost.append("x"), std::runtime_error);
}

TEST(SpoolTest, LeftoversGoButNothingElse) {
  TestFolder folder;
  folder.file("spool-1-2", "x");
  folder.file("mine", "x");
  empty_spool(folder.path());
  EXPECT_EQ(folder.files(), 1);
  empty_spool(folder / "new/deep");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "new/deep"));
}

TEST(RequestTest, NamesWhatIsThere) {
  Request request;
  request.captures = {{"id", "7"}};
  request.query = {{"A", "1"}, {"a", "2"}};
  EXPECT_EQ(request.capture("id"), "7");
  EXPECT_THROW(request.capture("name"), std::out_of_range);
  EXPECT_EQ(*request.query_value("a"), "2");
  EXPECT_EQ(request.query_value("b"), nullptr);
}

TEST(ResponseTest, JsonSurvivesBytesThatAreNoText) {
  const auto response = Response::json({{"a", "\xff"}}, 201);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.headers.get("content-type"), "application/json");
  EXPECT_EQ(std::get<std::string>(response.body), "{\"a\":\"\xef\xbf\xbd\"}");
  EXPECT_EQ(Response::redirect("/a").headers.get("location"), "/a");
  EXPECT_EQ(Response::empty().status, 204);
}

struct PathCase {
  std::string target, path, query = "", authority = "";
};

TEST(TargetTest, IsNormalised) {
  const PathCase cases[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"//a///b//", "/a/b"},
      {"/a/./b/.", "/a/b"},
      {"/a/%2e/b", "/a/b"},
      {"/%61%C3%A9%20", "/aé "},
      {"/a%2Fb", "/a%2Fb"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%252Fb", "/a%252Fb"},
      {"/...", "/..."},
      {"/a?x=1?y=/../", "/a", "x=1?y=/../"},
      {"/a?", "/a"},
      {"http://host:80/a?b", "/a", "b", "host:80"},
      {"HTTP://host", "/", "", "host"},
      {"http://[::1]:8/a", "/a", "", "[::1]:8"},
      {"http://host?b", "/", "b", "host"},
  };
  for (const auto& [target, path, query, authority] : cases) {
    const auto parsed = parse_target(target);
    EXPECT_EQ(parsed.path, path) << target;
    EXPECT_EQ(parsed.query, query) << target;
    EXPECT_EQ(parsed.authority, authority) << target;
  }
}

TEST(TargetTest, RefusesWhatLeadsElsewhere) {
  for (const auto* target : {"",
                             "a",
                             "*",
                             "host:443",
                             "/..",
                             "/a/../b",
                             "/a/..",
                             "/%2e%2e",
                             "/.%2E/a",
                             "/a%00",
                             "/a%0d%0ab",
                             "/%7f",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/a%2F..%2Fb",
                             "/..%2Fb",
                             "/%2F",
                             "/%2Fetc",
                             "/a%2F",
                             "/a%2F%2Fb",
                             "/a%2F.",
                             "/%ff",
                             "/#a",
                             "http://",
                             "http:///a",
                             "http://user@host/",
                             "http://ho st/",
                             "http://h:99999999/",
                             "ftp://a/b"}) {
    EXPECT_EQ(refusal_of([&] { parse_target(target); }).first, 400) << target;
  }
}

TEST(HostTest, IsJudged) {
  for (const auto* good : {"", "a", "localhost:8080", "1.2.3.4", "[::1]", "[::1]:80", "a.b-c_d:", "a:1"}) {
    EXPECT_TRUE(is_host(good)) << good;
  }
  for (const auto* bad : {"a b", "a/b", "a:b", "a:1:2", "[::1", "[]", "[::1]x", ":80", "a@b", "a?b", "a#", "a\"b"}) {
    EXPECT_FALSE(is_host(bad)) << bad;
  }
}

int head_status(Headers headers, int version = 11) {
  return refusal_of([&] { check_head({"POST", "/", version}, headers); }).first;
}

TEST(HeadTest, RefusesWhatCanBeReadInTwoWays) {
  EXPECT_EQ(head_status({{"Host", "a"}}), 0);
  EXPECT_EQ(head_status({}), 400);
  EXPECT_EQ(head_status({}, 10), 0);
  EXPECT_EQ(head_status({{"Host", "a"}, {"host", "a"}}), 400);
  EXPECT_EQ(head_status({{"Host", "a/b"}}), 400);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Content-Length", "1"}}), 0);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Content-Length", "1"}, {"content-length", "1"}}), 400);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Transfer-Encoding", "Chunked"}}), 0);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Transfer-Encoding", "chunked"}}, 10), 400);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Transfer-Encoding", "gzip, chunked"}}), 400);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}}), 400);
  EXPECT_EQ(head_status({{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Content-Length", "1"}}), 400);
}

TEST(HeadTest, AnAbsoluteTargetBringsTheHost) {
  Headers headers{{"Host", "other"}};
  EXPECT_EQ(check_head({"GET", "http://true/a", 11}, headers).path, "/a");
  EXPECT_EQ(headers.get("host"), "true");
  EXPECT_EQ(check_head({"OPTIONS", "*", 11}, headers).path, "/");
  EXPECT_EQ(refusal_of([&] { check_head({"GET", "*", 11}, headers); }).first, 400);
}

TEST(HeadTest, AnAnswersHeadIsSafe) {
  Response response;
  response.headers = {{"a", "1"},       {"b", "x\r\nevil: 1"}, {"c\r\nevil", "1"},      {"d", std::string("x\0y", 3)},
                      {"e", "\ttab é"}, {"connection", "x"},   {"Content-Length", "9"}, {"", "x"},
                      {"date", "now"}};
  Framing framing;
  framing.length = 3;
  framing.keep_alive = true;
  EXPECT_EQ(response_head(response, framing, "id7", 784111777),
            "HTTP/1.1 200 OK\r\na: 1\r\ne: \ttab é\r\ndate: now\r\nx-content-type-options: nosniff\r\n"
            "x-request-id: id7\r\ncontent-length: 3\r\n\r\n");
  framing = Framing();
  framing.chunked = true;
  EXPECT_EQ(response_head(Response{404}, framing, "", 784111777),
            "HTTP/1.1 404 Not Found\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-content-type-options: nosniff\r\n"
            "transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
}

}  // namespace
}  // namespace hotshot::net
