#include "net/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/random.h"
#include "base/test_support.h"
#include "net/file_response.h"
#include "net/test_support.h"

namespace hotshot::net {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Waits until `fact` holds, at most `patience`.
template <class Fact>
bool soon(const Fact& fact, milliseconds patience = milliseconds(5000)) {
  const auto deadline = Clock::now() + patience;
  while (!fact()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.spool = folder_ / "spool";
    router_.on_failure = [this](const Request&, const std::string& what) {
      std::lock_guard lock(mutex_);
      failure_ = what;
    };
    router_.add("GET", "/hello", [](Request&) { return Response::text("hello"); });
    router_.add("GET", "/path/{rest...}", [](Request& request) { return Response::text(request.capture("rest")); });
    router_.add("POST", "/echo",
                [](Request& request) {
                  return Response::text(request.body.text(), "text/plain").with("x-host", request.headers.get("host"));
                },
                {.max_body = 1 << 20});
    router_.add("POST", "/small", [](Request& request) { return Response::text(request.body.text()); },
                {.max_body = 10});
    router_.add("GET", "/stream", [this](Request&) {
      return Response{200, {{"content-type", "text/event-stream"}}, StreamBody([this](std::shared_ptr<Stream> stream) {
                        std::lock_guard lock(mutex_);
                        streams_.push_back(std::move(stream));
                      })};
    });
    router_.add("GET", "/file", [this](Request& request) {
      FileInfo info;
      info.path = folder_ / "file";
      info.size = file_size_;
      info.type = "video/mp4";
      info.etag = "e";
      return file_response(request, info);
    });
  }
  ~ServerTest() override {
    server_.reset();
    streams_.clear();
  }

  int start() {
    server_.emplace(options_, router_);
    return server_->port();
  }
  TestClient client() { return TestClient(server_->port()); }
  Reply ask(std::string_view bytes) { return client().request(bytes); }
  int status(std::string_view bytes) { return ask(bytes).status; }

  std::shared_ptr<Stream> stream(std::size_t index = 0) {
    soon([&] {
      std::lock_guard lock(mutex_);
      return streams_.size() > index;
    });
    std::lock_guard lock(mutex_);
    return streams_.at(index);
  }
  std::size_t stream_count() {
    std::lock_guard lock(mutex_);
    return streams_.size();
  }
  std::string failure() {
    std::lock_guard lock(mutex_);
    return failure_;
  }

  TestFolder folder_;
  ServerOptions options_;
  Router router_;
  std::uint64_t file_size_ = 0;
  std::mutex mutex_;
  std::string failure_;
  std::vector<std::shared_ptr<Stream>> streams_;
  std::optional<Server> server_;
};

TEST_F(ServerTest, AnswersWithItsHeaders) {
  start();
  auto c = client();
  const auto reply = c.request(get("/hello"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.head.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(reply.headers.get("content-length"), "5");
  EXPECT_EQ(reply.headers.get("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply.headers.get("x-request-id").size(), 24u);
  EXPECT_TRUE(reply.headers.get("date").ends_with(" GMT"));
  EXPECT_EQ(reply.headers.find("connection"), nullptr);
  const auto again = c.request(get("/hello"));  // keep-alive
  EXPECT_EQ(again.body, "hello");
  EXPECT_NE(again.headers.get("x-request-id"), reply.headers.get("x-request-id"));
  EXPECT_EQ(c.request(get("/none")).status, 404);
  EXPECT_EQ(c.request(get("/hello", "", "PUT")).headers.get("allow"), "GET, HEAD");
  EXPECT_EQ(server_->counts().connections, 1);
}

TEST_F(ServerTest, RequestsComeInPiecesAndInBundles) {
  start();
  auto c = client();
  for (const char byte : "\r\n\r\n" + get("/hello")) {
    c.send(std::string(1, byte));
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(c.read_reply().body, "hello");
  std::string bundle;
  for (int i = 0; i < 1000; ++i) bundle += post("/echo", std::to_string(i)) + get("/path/" + std::to_string(i));
  std::thread sender([&] { c.send(bundle); });
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(c.read_reply().body, std::to_string(i));
    ASSERT_EQ(c.read_reply().body, std::to_string(i));
  }
  sender.join();
}

TEST_F(ServerTest, ConnectionsEndWhenTheyShould) {
  start();
  auto close = client();
  EXPECT_EQ(close.request(get("/hello", "Connection: close\r\n")).headers.get("connection"), "close");
  EXPECT_TRUE(close.ends_within(1000));
  EXPECT_FALSE(close.was_reset());
  auto old = client();
  const auto reply = old.request("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.headers.get("connection"), "close");
  EXPECT_TRUE(old.ends_within(1000));
  auto kept = client();
  const std::string ask_kept = "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(kept.request(ask_kept).headers.get("connection"), "keep-alive");
  EXPECT_EQ(kept.request(ask_kept).body, "hello");
  auto half = client();  // a client that sends no more still gets its answer
  half.send(get("/hello"));
  half.shutdown_send();
  EXPECT_EQ(half.read_reply().body, "hello");
  EXPECT_TRUE(half.ends_within(1000));
}

TEST_F(ServerTest, RequestsThatEndEarlyAreRefused) {
  start();
  for (const std::string bytes : {"GET /hel", "GET /hello HTTP/1.1\r\nHost: x\r\n",
                                  "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
                                  "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
    auto c = client();
    c.send(bytes);
    c.shutdown_send();
    EXPECT_EQ(c.read_reply().status, 400) << bytes;
    EXPECT_TRUE(c.ends_within(1000));
  }
  auto nothing = client();
  nothing.shutdown_send();
  EXPECT_EQ(nothing.read_to_end(), "");
  EXPECT_TRUE(soon([&] { return server_->counts().connections == 0; }));
}

TEST_F(ServerTest, PeersAreNamedWithoutPortAndWithoutDisguise) {
  router_.add("GET", "/peer", [](Request& request) { return Response::text(request.peer); });
  options_.address = "::";  // takes IPv4 too, whose addresses look like ::ffff:127.0.0.1 there
  try {
    start();
  } catch (const InvalidArgument&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  EXPECT_EQ(ask(get("/peer")).body, "127.0.0.1");
}

TEST_F(ServerTest, HeadHasNoBody) {
  start();
  folder_.file("file", std::string(1000, 'x'));
  file_size_ = 1000;
  auto c = client();
  const auto reply = c.request(get("/hello", "", "HEAD"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.get("content-length"), "5");
  EXPECT_EQ(c.request(get("/file", "", "HEAD")).headers.get("content-length"), "1000");
  EXPECT_EQ(c.request(get("/stream", "", "HEAD")).status, 200);
  EXPECT_EQ(c.request(get("/none", "", "HEAD")).status, 404);
  EXPECT_EQ(c.request(get("/hello")).body, "hello");  // nothing was left in between
  EXPECT_EQ(stream_count(), 0u);
}

TEST_F(ServerTest, TargetsOfEveryForm) {
  start();
  EXPECT_EQ(ask(get("//path//a%20b/./c")).body, "a b/c");
  EXPECT_EQ(ask(get("/path/a%2Fb")).body, "a/b");
  EXPECT_EQ(ask(get("http://other/path/x")).body, "x");
  EXPECT_EQ(ask("POST http://other:1/echo HTTP/1.1\r\nHost: test\r\n\r\n").headers.get("x-host"), "other:1");
  EXPECT_EQ(ask(get("*", "", "OPTIONS")).status, 204);
  for (const auto* target : {"/path/../x", "/path/%2e%2e/x", "/path/..%2f..%2fetc", "/a%00", "*", "x", "host:443"}) {
    EXPECT_EQ(status(get(target)), 400) << target;
  }
}

TEST_F(ServerTest, RefusesMalformedRequestsAndCloses) {
  start();
  const std::string host = "Host: test\r\n";
  const std::vector<std::string> cases{
      std::string("nonsense\r\n\r\n"),
      std::string("GET /hello HTTP/1.1\r\n\r\n"),  // no host
      "GET /hello HTTP/1.1\r\n" + host + host + "\r\n",
      "GET /hello HTTP/2.0\r\n" + host + "\r\n",
      "GET /hello\r\n\r\n",
      "GET  /hello HTTP/1.1\r\n" + host + "\r\n",
      "GET /hello HTTP/1.1\n"
      "Host: test\n\n",
      "GET /hello HTTP/1.1\r\n" + host + "X : 1\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + "X: a\nb\r\n\r\n",
      "GET /hello HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10),
      "GET /hello HTTP/1.1\r\n " + host + "\r\n",
      // Two lengths.
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3, 4\r\n\r\nabcd",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
      "POST /echo HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 0x1\r\n\r\na",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length:\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n",
      // Damaged chunks.
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
      "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1ffffffffffffffff\r\na\r\n",
  };
  for (const auto& bytes : cases) {
    auto c = client();
    const auto reply = c.request(bytes + get("/hello"));  // the second request must not be answered
    EXPECT_EQ(reply.status, 400) << bytes;
    EXPECT_EQ(reply.headers.get("connection"), "close") << bytes;
    EXPECT_TRUE(reply.whole);
    c.shutdown_send();
    EXPECT_EQ(c.read_to_end(), "") << bytes;
    EXPECT_FALSE(c.was_reset()) << bytes;
  }
}

TEST_F(ServerTest, RefusalsSpeakTheWordsOfTheirPath) {
  router_.errors("/small", [](const Request& request, const HttpError& error) {
    return Response::text("small " + error.code + " " + request.id, "text/plain", error.status);
  });
  start();
  const auto reply = ask(post("/small", std::string(11, 'x')));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.body, "small too_large " + reply.headers.get("x-request-id"));
  EXPECT_EQ(ask("GET /small HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").body.substr(0, 23), "small malformed_request");
  EXPECT_EQ(ask("GET /small HTTP/1.1\r\nbad\r\n\r\n").body.substr(0, 23), "small malformed_request");
}

TEST_F(ServerTest, BodiesOfAllSizesArrive) {
  options_.memory_body = 1000;
  start();
  auto c = client();
  for (const std::size_t size : {0, 1, 999, 1000, 1001, 70'000, 1 << 20}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 + (i >> 8));
    EXPECT_TRUE(c.request(post("/echo", body)).body == body) << size;
    std::string chunks;
    for (std::size_t at = 0, step = 1; at < size; at += step, step = step * 2 + 1) {
      chunks += chunk(std::string_view(body).substr(at, step));
    }
    const auto reply = c.request("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks +
                                 "0;last=\"yes\"\r\nTrailer: 1\r\n\r\n");
    EXPECT_TRUE(reply.body == body) << size;
  }
  EXPECT_TRUE(soon([&] { return std::filesystem::is_empty(options_.spool); }));
}

TEST_F(ServerTest, ChunksMayComeByteByByte) {
  start();
  auto c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char byte : chunk("hello") + chunk("x") + "0\r\n\r\n") {
    c.send(std::string(1, byte));
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(c.read_reply().body, "hellox");
}

TEST_F(ServerTest, BodiesOverTheLimitAreRefusedOnTheWay) {
  options_.memory_body = 4;
  start();
  const std::string head = "POST /small HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(status(post("/small", std::string(10, 'x'))), 200);
  EXPECT_EQ(status(head + "Content-Length: 11\r\n\r\n"), 413);  // before a byte of it
  EXPECT_EQ(status(head + "Content-Length: 18446744073709551615\r\n\r\n"), 413);
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status(chunked + chunk("12345") + chunk("67890") + "0\r\n\r\n"), 200);
  EXPECT_EQ(status(chunked + chunk("12345") + chunk("678901")), 413);
  EXPECT_EQ(status(chunked + "ffffffffffffffff\r\n"), 413);
  EXPECT_EQ(status(post("/none", std::string(RouteOptions{}.max_body + 1, 'x'))), 413);
  EXPECT_EQ(status(post("/none", "x")), 404);
  EXPECT_TRUE(soon([&] { return std::filesystem::is_empty(options_.spool); }));
}

TEST_F(ServerTest, ARefusedClientThatSendsOnStillReadsItsAnswer) {
  start();
  auto c = client();
  EXPECT_TRUE(c.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n"));
  EXPECT_TRUE(c.send(std::string(8'000'000, 'x')));
  EXPECT_EQ(c.read_reply().status, 413);
  EXPECT_TRUE(c.ends_within(1000));
}

TEST_F(ServerTest, EndlessChunkHeadsAndTrailersAreRefused) {
  start();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status(head + "1;" + std::string(100'000, 'x')), 431);
  EXPECT_EQ(status(head + "0\r\nX: " + std::string(100'000, 'x')), 431);
  std::string extensions;
  for (int i = 0; i < 20; ++i) extensions += "1;" + std::string(8000, 'x') + "\r\na\r\n";
  EXPECT_EQ(status(head + extensions + "0\r\n\r\n"), 400);
}

TEST_F(ServerTest, LargeHeadsAreRefused) {
  options_.max_header_bytes = 4096;
  start();
  EXPECT_EQ(status(get("/hello", "X: " + std::string(3900, 'x') + "\r\n")), 200);
  EXPECT_EQ(status(get("/hello", "X: " + std::string(4100, 'x') + "\r\n")), 431);
  EXPECT_EQ(status(get("/" + std::string(5000, 'x'))), 431);
  EXPECT_EQ(status(std::string(5000, 'x')), 431);
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a:b\r\n";
  EXPECT_EQ(status(get("/hello", many)), 431);
  auto c = client();  // many small pieces, never the end
  c.send("GET /hello HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 3000 && c.send("a: bcd\r\n"); ++i) {
  }
  EXPECT_EQ(c.read_reply().status, 431);
}

TEST_F(ServerTest, ExpectationsAreMetOnlyWhereTheBodyIsWanted) {
  start();
  auto c = client();
  c.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(c.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  c.send("hello");
  EXPECT_EQ(c.read_reply().body, "hello");
  auto over = client();
  over.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(over.read_reply().status, 413);
  auto chunked = client();
  chunked.send("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_EQ(chunked.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(chunked.request(chunk("hi") + "0\r\n\r\n").body, "hi");
  EXPECT_EQ(status(post("/small", "x", "Expect: 100-continue\r\n")), 200);  // the body is there already
  EXPECT_EQ(status(post("/small", "x", "Expect: more\r\n")), 417);
}

TEST_F(ServerTest, SlowPeersAreTimedOut) {
  options_.header_timeout = options_.body_timeout = milliseconds(150);
  options_.idle_timeout = milliseconds(300);
  start();
  auto silent = client(), slow_head = client(), slow_body = client(), slow_chunk = client(), idle = client();
  slow_head.send("GET /hello HTTP/1.1\r\n");
  slow_body.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  slow_chunk.send("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
  const auto begin = Clock::now();
  EXPECT_EQ(idle.request(get("/hello")).status, 200);
  for (auto* c : {&slow_head, &slow_body, &slow_chunk}) {
    const auto reply = c->read_reply();
    EXPECT_EQ(reply.status, 408);
    EXPECT_EQ(reply.headers.get("connection"), "close");
  }
  EXPECT_TRUE(silent.ends_within(1000));
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_GE(Clock::now() - begin, milliseconds(100));
  EXPECT_FALSE(idle.ends_within(1));
  EXPECT_TRUE(idle.ends_within(1000));
  EXPECT_GE(Clock::now() - begin, milliseconds(290));
  auto dripping = client();  // bytes do not buy a head more time
  const auto start_of_drip = Clock::now();
  dripping.send("GET /hello HTTP/1.1\r\nX: ");
  while (!dripping.ends_within(1) && Clock::now() - start_of_drip < milliseconds(1000)) {
    dripping.send("x");
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(Clock::now() - start_of_drip, milliseconds(900));
  EXPECT_EQ(dripping.read_reply().status, 408);
}

TEST_F(ServerTest, ABodyThatComesSlowlyButComesIsTaken) {
  options_.header_timeout = options_.body_timeout = milliseconds(200);
  start();
  auto c = client();
  c.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n");
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(milliseconds(80));
    c.send("x");
  }
  EXPECT_EQ(c.read_reply().body, "xxxxxx");
}

TEST_F(ServerTest, AReaderThatStopsIsBrokenOff) {
  options_.write_timeout = milliseconds(200);
  router_.add("GET", "/large", [](Request&) { return Response::text(std::string(32 << 20, 'x')); });
  start();
  TestClient c(server_->port(), 4096);
  c.send(get("/large"));
  EXPECT_TRUE(soon([&] { return server_->counts().connections == 0; }, milliseconds(3000)));
}

TEST_F(ServerTest, AnswersAreSafeFromInjection) {
  router_.add("GET", "/evil", [](Request& request) {
    return Response::text("x").with("location", *request.query_value("to")).with("x-good", "1");
  });
  start();
  const auto reply = ask(get("/evil?to=a%0d%0aSet-Cookie:%20b"));
  EXPECT_EQ(reply.headers.find("location"), nullptr);
  EXPECT_EQ(reply.headers.find("set-cookie"), nullptr);
  EXPECT_EQ(reply.headers.get("x-good"), "1");
}

TEST_F(ServerTest, OddAnswersAreMended) {
  router_.add("GET", "/status", [](Request&) { return Response{99}; });
  router_.add("GET", "/empty", [](Request&) { return Response{204, {{"content-length", "5"}}, std::string("hello")}; });
  router_.add("GET", "/close", [](Request&) { return Response::text("x").with("connection", "close"); });
  start();
  auto c = client();
  EXPECT_EQ(c.request(get("/status")).status, 500);
  EXPECT_NE(failure().find("99"), std::string::npos);
  const auto empty = c.request(get("/empty"));
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.headers.find("content-length"), nullptr);
  EXPECT_EQ(c.request(get("/close")).headers.get("connection"), "close");
  EXPECT_TRUE(c.ends_within(1000));
}

TEST_F(ServerTest, FilesAndTheirParts) {
  std::string bytes(1'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 13 + (i >> 9));
  folder_.file("file", bytes);
  file_size_ = bytes.size();
  start();
  auto c = client();
  EXPECT_TRUE(c.request(get("/file")).body == bytes);
  const auto part = c.request(get("/file", "Range: bytes=1000-500999\r\n"));
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.get("content-range"), "bytes 1000-500999/1000000");
  EXPECT_TRUE(part.body == bytes.substr(1000, 500'000));
  EXPECT_EQ(c.request(get("/file", "Range: bytes=-3\r\n")).body, bytes.substr(999'997));
  EXPECT_EQ(c.request(get("/file", "Range: bytes=1000000-\r\n")).headers.get("content-length"), "0");
  EXPECT_EQ(c.request(get("/file", "If-None-Match: \"e\"\r\n")).status, 304);
  folder_.file("file", "");
  file_size_ = 0;
  EXPECT_EQ(c.request(get("/file")).headers.get("content-length"), "0");
  EXPECT_EQ(c.request(get("/hello")).body, "hello");
}

TEST_F(ServerTest, FilesThatAreNotWhatTheyWereNeverLookWhole) {
  start();
  file_size_ = 100;
  EXPECT_EQ(status(get("/file")), 500);  // none
  EXPECT_NE(failure(), "");
  folder_.file("file", std::string(99, 'x'));
  EXPECT_EQ(status(get("/file")), 500);
  EXPECT_EQ(status(get("/file", "", "HEAD")), 500);
  std::filesystem::remove(folder_ / "file");
  std::filesystem::create_directory(folder_ / "file");
  EXPECT_EQ(status(get("/file")), 500);
  std::filesystem::remove(folder_ / "file");

  const std::size_t large = 64 << 20;
  folder_.file("file", "");
  std::filesystem::resize_file(folder_ / "file", large);
  file_size_ = large;
  TestClient c(server_->port(), 4096);
  c.send(get("/file"));
  EXPECT_EQ(c.read_until("\r\n\r\n").substr(0, 15), "HTTP/1.1 200 OK");
  std::filesystem::resize_file(folder_ / "file", 1000);
  EXPECT_LT(c.read_to_end().size(), large);
  EXPECT_TRUE(c.was_reset());
}

TEST_F(ServerTest, StreamsSendWhatComesAndEndWell) {
  start();
  auto c = client();
  c.send(get("/stream"));
  EXPECT_NE(c.read_until("\r\n\r\n").find("transfer-encoding: chunked"), std::string::npos);
  const auto s = stream();
  EXPECT_TRUE(s->is_open());
  EXPECT_TRUE(s->send("data: 1\n\n"));
  EXPECT_TRUE(s->send(""));
  EXPECT_EQ(c.read_until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  EXPECT_TRUE(soon([&] { return s->waiting() == 0; }));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_TRUE(s->send("2"));
  s->close();
  s->close();
  EXPECT_FALSE(s->is_open());
  EXPECT_FALSE(s->send("3"));
  EXPECT_EQ(c.read_until("0\r\n\r\n"), "1\r\n2\r\n0\r\n\r\n");
  EXPECT_EQ(c.request(get("/hello")).body, "hello");  // the connection goes on
}

TEST_F(ServerTest, StreamsKeepBytesInOrderFromManySends) {
  start();
  auto c = client();
  c.send(get("/stream") + get("/hello"));  // the second waits for the first to end
  const auto s = stream();
  std::string all;
  std::thread sender([&] {
    Random random(3, "stream");
    for (int i = 0; i < 2000; ++i) {
      std::string bytes(random.below(i % 100 == 0 ? 200'000 : 100), static_cast<char>('a' + i % 26));
      all += bytes;
      while (s->waiting() > (8u << 20)) std::this_thread::yield();
      if (!s->send(std::move(bytes))) return;
    }
    s->close();
  });
  const auto reply = c.read_reply();
  sender.join();
  EXPECT_TRUE(reply.whole);
  EXPECT_TRUE(reply.body == all);
  EXPECT_EQ(c.read_reply().body, "hello");
}

TEST_F(ServerTest, OldClientsGetStreamsUntilTheEnd) {
  start();
  auto c = client();
  c.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  stream()->send("12");
  stream()->send("3");
  stream()->close();
  const auto reply = c.read_reply();
  EXPECT_EQ(reply.headers.find("transfer-encoding"), nullptr);
  EXPECT_EQ(reply.headers.get("connection"), "close");
  EXPECT_EQ(reply.body, "123");
  EXPECT_TRUE(reply.whole);
}

TEST_F(ServerTest, StreamsMayEndOrFailWhereTheyBegin) {
  router_.add("GET", "/whole", [](Request&) {
    return Response{200, {}, StreamBody([](std::shared_ptr<Stream> stream) {
                      stream->send(std::string(300'000, 'x'));
                      stream->close();
                    })};
  });
  router_.add("GET", "/fails", [](Request&) {
    return Response{200, {}, StreamBody([](std::shared_ptr<Stream>) { throw std::runtime_error("no archive"); })};
  });
  start();
  auto c = client();
  EXPECT_EQ(c.request(get("/whole")).body, std::string(300'000, 'x'));
  EXPECT_EQ(c.request(get("/whole")).body.size(), 300'000u);
  const auto reply = c.request(get("/fails"));
  EXPECT_FALSE(reply.whole);
  EXPECT_TRUE(c.was_reset());
  EXPECT_TRUE(soon([&] { return failure() == "no archive"; }));
}

TEST_F(ServerTest, AStreamLetGoOfNeverLooksWhole) {
  start();
  auto c = client();
  c.send(get("/stream"));
  stream()->send("half");
  EXPECT_NE(c.read_until("half\r\n"), "");
  streams_.clear();
  EXPECT_TRUE(c.ends_within(2000));
  EXPECT_TRUE(c.was_reset());
}

TEST_F(ServerTest, AStreamKnowsThatItsPeerIsGone) {
  start();
  auto c = client(), half = client();
  c.send(get("/stream"));
  const auto s = stream();
  half.send(get("/stream"));
  const auto t = stream(1);
  EXPECT_TRUE(s->is_open());
  c.close();
  half.shutdown_send();
  EXPECT_TRUE(soon([&] { return !s->is_open() && !t->is_open(); }));
  EXPECT_FALSE(s->send("x"));
  EXPECT_TRUE(soon([&] { return server_->counts().connections == 0; }));
}

TEST_F(ServerTest, AReaderOfAStreamThatStopsIsGivenUp) {
  options_.max_stream_bytes = 1 << 20;
  start();
  TestClient c(server_->port(), 4096);
  c.send(get("/stream"));
  const auto s = stream();
  const std::string piece(100'000, 'x');
  int sent = 0;
  while (sent < 1000 && s->send(piece)) {
    ++sent;
    EXPECT_LE(s->waiting(), 1u << 20);
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(sent, 10);  // the queue, and what the system's buffers take
  EXPECT_LT(sent, 1000);
  EXPECT_FALSE(s->is_open());
  EXPECT_TRUE(soon([&] { return server_->counts().connections == 0; }));
  EXPECT_EQ(s->waiting(), 0u);
}

TEST_F(ServerTest, AStreamThatMakesNoProgressIsTimedOutButAnIdleOneIsNot) {
  options_.write_timeout = options_.idle_timeout = options_.header_timeout = milliseconds(150);
  start();
  TestClient stuck(server_->port(), 4096);
  stuck.send(get("/stream"));
  const auto s = stream();
  auto idle = client();
  idle.send(get("/stream"));
  const auto t = stream(1);
  s->send(std::string(12 << 20, 'x'));
  EXPECT_TRUE(soon([&] { return !s->is_open(); }, milliseconds(3000)));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_TRUE(t->is_open());
  EXPECT_TRUE(t->send("x"));
  EXPECT_NE(idle.read_until("1\r\nx\r\n").find("1\r\nx\r\n"), std::string::npos);
}

TEST_F(ServerTest, AThousandStreamsAndStalledUploadsDisturbNobody) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const int count = files.rlim_cur > 4500 ? 1000 : static_cast<int>(files.rlim_cur / 5);
  options_.max_connections_per_peer = options_.max_connections;
  start();
  std::vector<TestClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(client());
    clients.back().send(get("/stream"));
    clients.push_back(client());
    clients.back().send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000, 'x'));
  }
  ASSERT_TRUE(soon(
      [&] { return server_->counts().connections == 2 * count && stream_count() == static_cast<std::size_t>(count); }));
  const auto begin = Clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(get("/hello")).body, "hello");
  EXPECT_LT(Clock::now() - begin, milliseconds(2000));
  for (int i = 0; i < count; ++i) EXPECT_TRUE(stream(i)->send("data: x\n\n"));
  for (int i = 0; i < count; ++i) {
    ASSERT_NE(clients[2 * i].read_until("data: x\n\n").find("data: x"), std::string::npos);
  }
  clients.clear();
  EXPECT_TRUE(soon([&] { return server_->counts().connections == 0; }));
}

TEST_F(ServerTest, ManyThreadsAtOnce) {
  options_.threads = 4;
  options_.memory_body = 1000;
  start();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      auto c = client();
      for (int i = 0; i < 150; ++i) {
        const std::string body(static_cast<std::size_t>(i * 37), static_cast<char>('a' + t));
        wrong += c.request(post("/echo", body)).body != body;
        wrong += c.request(get("/path/" + std::to_string(i))).body != std::to_string(i);
        wrong += ask(get("/hello", "Connection: close\r\n")).body != "hello";
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ServerTest, TooManyConnectionsAreTurnedAway) {
  options_.max_connections_per_peer = 3;
  start();
  auto a = client(), b = client(), c = client();
  EXPECT_EQ(a.request(get("/hello")).status, 200);
  ASSERT_TRUE(soon([&] { return server_->counts().connections == 3; }));
  auto d = client();
  EXPECT_EQ(d.read_reply().status, 503);
  EXPECT_TRUE(d.ends_within(1000));
  a.close();
  ASSERT_TRUE(soon([&] { return server_->counts().connections == 2; }));
  EXPECT_EQ(ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, ProxiesSpeakForManyAndOthersForThemselves) {
  router_.add("GET", "/peer", [](Request& request) { return Response::text(request.peer); });
  options_.max_connections_per_peer = 2;
  options_.proxies = Networks({"127.0.0.1"});
  start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(client());
    EXPECT_EQ(clients.back().request(get("/peer", fmt::format("X-Forwarded-For: 8.8.8.{}\r\n", i))).body,
              fmt::format("8.8.8.{}", i));
    EXPECT_EQ(clients.back().request(get("/peer")).body, "127.0.0.1");
  }
}

TEST_F(ServerTest, CountsWhatComesAndGoes) {
  options_.max_connections_per_peer = 3;
  start();
  auto a = client(), b = client(), c = client();
  a.send(get("/stream"));
  b.send("nonsense\r\n\r\n");
  EXPECT_EQ(b.read_reply().status, 400);
  EXPECT_EQ(c.request(get("/hello")).status, 200);
  ASSERT_TRUE(soon([&] { return server_->counts().streams == 1; }));
  EXPECT_EQ(client().read_reply().status, 503);
  const ServerCounts counts = server_->counts();
  EXPECT_EQ(counts.accepted, 3u);
  EXPECT_EQ(counts.turned_away, 1u);
  EXPECT_EQ(counts.refused, 1u);
  a.close();
  EXPECT_TRUE(soon([&] { return server_->counts().streams == 0; }));
  auto d = client();
  d.send(get("/stream"));
  ASSERT_TRUE(soon([&] { return stream_count() == 2; }));
  stream(1)->close();
  EXPECT_TRUE(soon([&] { return server_->counts().streams == 0; }));
}

TEST_F(ServerTest, StopLetsRequestsFinish) {
  std::atomic<bool> begun{false}, go{false};
  router_.add("GET", "/slow", [&](Request&) {
    begun = true;
    while (!go) std::this_thread::sleep_for(milliseconds(1));
    return Response::text("done");
  });
  start();
  auto slow = client(), idle = client(), streaming = client(), upload = client();
  EXPECT_EQ(idle.request(get("/hello")).status, 200);
  streaming.send(get("/stream"));
  const auto s = stream();
  s->send("last");
  upload.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  std::this_thread::sleep_for(milliseconds(50));
  slow.send(get("/slow"));
  ASSERT_TRUE(soon([&] { return begun.load(); }));
  std::thread stopper([&] { server_->stop(milliseconds(10'000)); });
  EXPECT_TRUE(idle.ends_within(2000));
  const auto cut = streaming.read_reply();
  EXPECT_EQ(cut.body, "last");
  EXPECT_FALSE(cut.whole);  // no last chunk: it was not its producer that ended it
  EXPECT_FALSE(s->is_open());
  EXPECT_FALSE(s->send("x"));
  EXPECT_FALSE(TestClient(server_->port()).connected());
  upload.send("cde");
  EXPECT_EQ(upload.read_reply().body, "abcde");
  go = true;
  const auto reply = slow.read_reply();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.headers.get("connection"), "close");
  const auto begin = Clock::now();
  stopper.join();
  EXPECT_LT(Clock::now() - begin, milliseconds(3000));
  EXPECT_EQ(server_->counts().connections, 0);
}

TEST_F(ServerTest, StopUnderLoadCutsNoAnswer) {
  start();
  std::atomic<int> answered{0}, cut{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      const std::string body(static_cast<std::size_t>(20'000 * t), 'x');
      for (;;) {
        auto c = client();
        for (int i = 0; i < 5; ++i) {
          const auto reply = c.connected() ? c.request(post("/echo", body)) : Reply();
          if (reply.status == 0) break;
          ++answered;
          cut += !reply.whole || reply.body != body;
        }
        if (!c.connected()) return;
      }
    });
  }
  ASSERT_TRUE(soon([&] { return answered > 100; }));
  const auto begin = Clock::now();
  server_->stop(milliseconds(5000));
  EXPECT_LT(Clock::now() - begin, milliseconds(3000));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(cut, 0);
}

TEST_F(ServerTest, StopHasAnEnd) {
  start();
  auto upload = client();
  upload.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  TestClient stuck(server_->port(), 4096);
  stuck.send(get("/stream"));
  const auto s = stream();
  s->send(std::string(8 << 20, 'x'));
  ASSERT_TRUE(soon([&] { return server_->counts().connections == 2; }));
  const auto begin = Clock::now();
  server_->stop(milliseconds(200));
  EXPECT_GE(Clock::now() - begin, milliseconds(190));
  EXPECT_LT(Clock::now() - begin, milliseconds(2000));
  EXPECT_FALSE(s->send("x"));
  server_->stop();
  server_.reset();
  EXPECT_FALSE(s->is_open());  // streams outlive the server
}

TEST_F(ServerTest, StopWhileThreadsSendOnStreams) {
  start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(client());
    clients.back().send(get("/stream"));
  }
  ASSERT_TRUE(soon([&] { return stream_count() == 20; }));
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&] {
      for (bool any = true; any;) {
        any = false;
        for (int i = 0; i < 20; ++i) any |= stream(i)->send("x");
        std::this_thread::yield();
      }
    });
  }
  std::this_thread::sleep_for(milliseconds(100));
  server_->stop(milliseconds(300));
  server_.reset();
  for (auto& sender : senders) sender.join();
}

TEST_F(ServerTest, LeftoversOfTheSpoolGo) {
  std::filesystem::create_directories(options_.spool);
  folder_.file("spool/spool-1-1", "x");
  start();
  EXPECT_TRUE(std::filesystem::is_empty(options_.spool));
}

TEST_F(ServerTest, AFullDiskIsOurFailureAndNotTheEnd) {
  options_.memory_body = 4;
  start();
  std::filesystem::remove(options_.spool);
  EXPECT_EQ(status(post("/small", "123456")), 500);
  EXPECT_NE(failure().find("cannot write"), std::string::npos);
  EXPECT_EQ(status(post("/small", "1234")), 200);
}

TEST_F(ServerTest, AnswersThatComeLaterHoldNoThread) {
  std::vector<std::function<void(Response)>> waiting;
  router_.add("GET", "/later", [&](Request&) {
    Response response;
    response.headers.set("x-added", "yes");
    response.body = LaterBody([&](std::function<void(Response)> answer) {
      std::lock_guard lock(mutex_);
      waiting.push_back(std::move(answer));
    });
    return response;
  });
  start();
  std::vector<TestClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(client());
    clients.back().send(get("/later"));
  }
  const auto arrived = [&] {
    std::lock_guard lock(mutex_);
    return waiting.size() == 50;
  };
  ASSERT_TRUE(soon(arrived));
  EXPECT_EQ(ask(get("/hello")).body, "hello");
  clients[1].close();  // gone before its answer
  std::vector<std::function<void(Response)>> answers;
  {
    std::lock_guard lock(mutex_);
    answers.swap(waiting);
  }
  answers.back() = nullptr;  // never answered
  for (const auto& answer : answers) {
    if (!answer) continue;
    answer(Response::text("late", "text/plain", 201));
    answer(Response::text("twice"));
  }
  answers.clear();
  int late = 0, failed = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i == 1) continue;
    const Reply reply = clients[i].read_reply();
    late += reply.status == 201 && reply.body == "late" && reply.headers.get("x-added") == "yes";
    failed += reply.status == 500;
    clients[i].send(get("/hello"));
    EXPECT_EQ(clients[i].read_reply().body, "hello") << i;
  }
  EXPECT_GE(late, 48);
  EXPECT_EQ(late + failed, 49);
}

TEST_F(ServerTest, AddressesThatCannotBeAreNamed) {
  start();
  ServerOptions taken;
  taken.port = server_->port();
  EXPECT_NE(message_of([&] { Server(taken, router_); }).find("in use"), std::string::npos);
  EXPECT_NE(message_of([&] { Server({.address = "nowhere"}, router_); }).find("'nowhere'"), std::string::npos);
  EXPECT_NE(message_of([&] { Server({.port = 70000}, router_); }).find("70000"), std::string::npos);
  EXPECT_NE(message_of([&] { Server({.threads = 0}, router_); }), "");
}

/// Requests cut, joined and changed at random: whatever comes, the server lives and answers the next one.
TEST_F(ServerTest, RandomBytesForASecond) {
  options_.header_timeout = options_.body_timeout = milliseconds(200);
  start();
  const std::string seeds[] = {
      get("/hello"),
      post("/echo", "hello"),
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk("hello") + "0\r\n\r\n",
      get("/stream", "Range: bytes=0-1\r\nExpect: 100-continue\r\n"),
      "HEAD http://a/b?c HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
  };
  Random random(5, "fuzz");
  const auto end = Clock::now() + milliseconds(1200);
  int rounds = 0;
  for (; Clock::now() < end; ++rounds) {
    std::string bytes;
    for (int k = 0; k < 3; ++k) bytes += seeds[random.below(std::size(seeds))];
    const auto changes = random.below(8);
    for (std::uint32_t k = 0; k < changes; ++k) {
      const auto at = random.below(static_cast<std::uint32_t>(bytes.size()));
      if (random.chance(0.5f)) {
        bytes[at] = static_cast<char>(random.below(256));
      } else {
        bytes.erase(at, random.below(20));
      }
      if (bytes.empty()) bytes.assign(1, 'x');
    }
    auto c = client();
    c.send(bytes);
    if (random.chance(0.3f)) c.shutdown_send();
    if (random.chance(0.5f)) c.read_reply(true, 3);
  }
  EXPECT_GT(rounds, 50);
  {
    std::lock_guard lock(mutex_);
    streams_.clear();
  }
  EXPECT_EQ(ask(get("/hello")).body, "hello");
  EXPECT_TRUE(soon([&] { return server_->counts().connections == 0; }));
}

}  // namespace
}  // namespace hotshot::net
