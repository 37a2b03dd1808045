#include "net/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/test_support.h"
#include "net/server.h"
#include "net/test_support.h"

namespace hotshot::net {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Says the same bytes to whoever connects, whatever is asked, and closes.
class RawServer {
 public:
  explicit RawServer(std::string answer, bool stays_silent = false)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_, 8);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, stays_silent] {
      for (int peer; (peer = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(peer)) {
        ++connections_;
        char piece[4096];
        if (::recv(peer, piece, sizeof piece, 0) <= 0) continue;
        ::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
        while (stays_silent && ::recv(peer, piece, sizeof piece, 0) > 0) {
        }
      }
    });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url(std::string_view path = "/") const { return fmt::format("http://127.0.0.1:{}{}", port_, path); }
  int connections() const { return connections_; }

 private:
  std::string answer_;
  int listener_;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

/// What a send is refused with; "" where it is not.
std::string failure_of(const Client& client, const ClientRequest& request) {
  try {
    client.send(request);
  } catch (const ClientError& error) {
    return error.what();
  }
  return "";
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    router_.add("GET", "/hello", [](Request& request) { return Response::text("hello").with("x-kind", "greeting"); });
    router_.add("GET", "/status/{code}", [](Request& request) {
      return Response::text("says " + request.capture("code"), "text/plain", std::stoi(request.capture("code")));
    });
    router_.add("GET", "/bytes/{count}", [](Request& request) {
      return Response::text(std::string(std::stoull(request.capture("count")), 'x'));
    });
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      router_.add(method, "/echo",
                  [](Request& request) {
                    std::string head = request.method;
                    for (const auto& [name, value] : request.headers) head += fmt::format("\n{}: {}", name, value);
                    return Response::text(request.body.text()).with("x-head", percent_encode(head));
                  },
                  {.max_body = 8 << 20});
    }
    for (const char* method : {"GET", "POST"}) {
      router_.add(method, "/to/{code}", [](Request& request) {
        return Response::redirect(*request.query_value("url"), std::stoi(request.capture("code")));
      });
    }
    router_.add("GET", "/around", [](Request&) { return Response::redirect("around"); });
    router_.add("GET", "/slow", [this](Request&) {
      return Response{200, {}, StreamBody([this](std::shared_ptr<Stream> stream) {
                        stream->send("first");
                        std::lock_guard lock(mutex_);
                        streams_.push_back(std::move(stream));
                      })};
    });
    server_.emplace(ServerOptions{.spool = folder_ / "spool"}, router_);
  }
  ~ClientTest() override {
    server_.reset();
    streams_.clear();
  }

  std::string url(std::string_view path, std::string_view host = "127.0.0.1") const {
    return fmt::format("http://{}:{}{}", host, server_->port(), path);
  }
  static std::string head_of(const ClientResponse& response) { return percent_decode(response.headers.get("x-head")); }

  TestFolder folder_;
  Router router_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Stream>> streams_;
  std::optional<Server> server_;
  Client open_{{.private_addresses = true, .plain_http = true}};
};

TEST_F(ClientTest, EveryStatusIsAnAnswer) {
  const auto hello = open_.send({.url = url("/hello")});
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.body, "hello");
  EXPECT_EQ(hello.headers.get("X-Kind"), "greeting");
  for (const int status : {200, 204, 302, 304, 404, 429, 500, 503}) {
    EXPECT_EQ(open_.send({.url = url(fmt::format("/status/{}", status))}).status, status);
  }
  EXPECT_EQ(open_.send({.url = url("/status/404")}).body, "says 404");
  EXPECT_EQ(open_.send({.url = url("/bytes/100000")}).body.size(), 100'000u);
  const auto head = open_.send({.method = "HEAD", .url = url("/bytes/100000")});
  EXPECT_EQ(head.headers.get("content-length"), "100000");
  EXPECT_EQ(head.body, "");
}

TEST_F(ClientTest, SendsMethodHeadersAndBody) {
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    const auto answer = open_.send({.method = method, .url = url("/echo"), .headers = {{"X-Mine", "a b"}}});
    EXPECT_EQ(answer.body, "") << method;
    EXPECT_TRUE(head_of(answer).starts_with(method)) << head_of(answer);
    EXPECT_NE(head_of(answer).find("\nX-Mine: a b"), std::string::npos);
  }
  const std::string large(3'000'000, 'y');
  const auto posted = open_.send(
      {.method = "POST", .url = url("/echo"), .headers = {{"content-type", "application/json"}}, .body = large});
  EXPECT_EQ(posted.body, large);
  EXPECT_NE(head_of(posted).find("\ncontent-type: application/json"), std::string::npos) << head_of(posted);
  EXPECT_EQ(head_of(posted).find("Expect"), std::string::npos);
  const auto plain = open_.send({.method = "POST", .url = url("/echo"), .headers = {{"x-empty", ""}}, .body = "1"});
  EXPECT_EQ(head_of(plain).find("Content-Type"), std::string::npos) << head_of(plain);
  EXPECT_NE(head_of(plain).find("\nx-empty: "), std::string::npos) << head_of(plain);
}

TEST_F(ClientTest, HeadersThatWouldSmuggleAreRefused) {
  for (const Headers& headers : {Headers{{"x", "a\r\nevil: 1"}}, Headers{{"x", std::string("a\0b", 3)}},
                                 Headers{{"a b", "1"}}, Headers{{"", "1"}}, Headers{{"x:y", "1"}}}) {
    EXPECT_THROW(open_.send({.url = url("/hello"), .headers = headers}), InvalidArgument);
  }
  EXPECT_THROW(open_.send({.method = "GET / HTTP/1.1\r\n", .url = url("/hello")}), InvalidArgument);
}

TEST_F(ClientTest, ConnectionsAreKept) {
  for (int i = 0; i < 20; ++i) open_.send({.url = url("/hello")});
  EXPECT_EQ(server_->counts().accepted, 1u);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) right += open_.send({.url = url(fmt::format("/bytes/{}", i))}).body.size() == i * 1u;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_LE(server_->counts().accepted, 9u);
}

TEST_F(ClientTest, AServerThatStartedAgainIsAskedAgain) {
  folder_.file("up", "0123456789");
  ClientRequest request{.method = "PUT", .url = url("/echo")};
  request.file = FileUpload{folder_ / "up", 2, 5};
  EXPECT_EQ(open_.send(request).body, "23456");
  const int port = server_->port();
  server_.reset();
  EXPECT_NE(failure_of(open_, request), "");
  server_.emplace(ServerOptions{.port = port, .spool = folder_ / "spool"}, router_);
  EXPECT_EQ(open_.send(request).body, "23456");
}

TEST_F(ClientTest, UploadsAPartOfAFile) {
  std::string bytes(1'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
  const auto path = folder_.file("up", bytes);
  ClientRequest request{.method = "PUT", .url = url("/echo")};
  for (const auto& [offset, length] : {std::pair<std::uint64_t, std::uint64_t>{0, 1'000'000},
                                       {123'456, 700'001},
                                       {999'999, 1},
                                       {1'000'000, 0},
                                       {0, 0}}) {
    request.file = FileUpload{path, offset, length};
    const auto answer = open_.send(request);
    EXPECT_TRUE(answer.body == bytes.substr(offset, length)) << offset << " " << length;
    EXPECT_NE(head_of(answer).find(fmt::format("\nContent-Length: {}", length)), std::string::npos) << head_of(answer);
  }
  for (const auto& [offset, length] :
       {std::pair<std::uint64_t, std::uint64_t>{0, 1'000'001}, {1'000'001, 0}, {1, ~std::uint64_t{0}}}) {
    request.file = FileUpload{path, offset, length};
    EXPECT_NE(message_of([&] { open_.send(request); }), "") << offset << " " << length;
  }
  request.file = FileUpload{folder_ / "nothing", 0, 0};
  EXPECT_NE(message_of([&] { open_.send(request); }).find("nothing"), std::string::npos);
}

TEST_F(ClientTest, AnswersTooLargeAreRefusedWhileTheyCome) {
  EXPECT_EQ(open_.send({.url = url("/bytes/1000"), .max_bytes = 1000}).body.size(), 1000u);
  EXPECT_EQ(failure_of(open_, {.url = url("/bytes/1001"), .max_bytes = 1000}),
            "[http] 127.0.0.1: expected at most 1000 bytes but got more");
  // No length is said, and no end comes.
  EXPECT_NE(failure_of(open_, {.url = url("/slow"), .max_bytes = 4}).find("at most 4 bytes"), std::string::npos);
  const RawServer heads("HTTP/1.1 200 OK\r\n" + std::string(90'000, 'a') + ": 1\r\n" + std::string(90'000, 'b') +
                        ": 1\r\n" + std::string(90'000, 'c') + ": 1\r\n\r\n");
  EXPECT_NE(failure_of(open_, {.url = heads.url()}).find("bytes of headers"), std::string::npos);
}

TEST_F(ClientTest, TimeoutsAndCancelsEndRequests) {
  auto began = Clock::now();
  const auto took = [&] { return Clock::now() - std::exchange(began, Clock::now()); };
  EXPECT_NE(failure_of(open_, {.url = url("/slow"), .timeout = milliseconds(300)}), "");
  EXPECT_LT(took(), milliseconds(2000));
  const RawServer silent("", true);
  EXPECT_NE(failure_of(open_, {.url = silent.url(), .timeout = milliseconds(300)}), "");
  EXPECT_LT(took(), milliseconds(2000));
  std::atomic<bool> stop{false};
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(200));
    stop = true;
  });
  ClientRequest request{.url = url("/slow"), .timeout = milliseconds(0)};
  request.cancelled = [&] { return stop.load(); };
  EXPECT_EQ(failure_of(open_, request), "[http] 127.0.0.1: cancelled");
  EXPECT_LT(took(), milliseconds(2000));
  later.join();
  request.cancelled = []() -> bool { throw std::logic_error("asked"); };
  EXPECT_THROW(open_.send(request), std::logic_error);
  EXPECT_EQ(open_.send({.url = url("/hello")}).body, "hello");
}

TEST_F(ClientTest, HalfAnswersAreNone) {
  for (const char* answer :
       {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx: 1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
    const RawServer server(answer);
    const auto path = folder_ / "saved";
    ClientRequest request{.url = server.url()};
    request.save = path;
    EXPECT_NE(failure_of(open_, request), "") << answer;
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_EQ(folder_.files(), 1);  // the spool: nothing half is left
  const RawServer interim(
      "HTTP/1.1 100 Continue\r\nx-a: 1\r\n\r\nHTTP/1.1 201 Created\r\nx-b: 2\r\nContent-Length: 2\r\n\r\nok");
  const auto answer = open_.send({.url = interim.url()});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.headers.find("x-a"), nullptr);
  EXPECT_EQ(answer.headers.get("x-b"), "2");
}

TEST_F(ClientTest, SavesGoodAnswersIntoAFile) {
  const auto path = folder_ / "saved";
  ClientRequest request{.url = url("/bytes/70000")};
  request.save = path;
  const auto answer = open_.send(request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(read_file(path), std::string(70000, 'x'));
  std::filesystem::remove(path);
  request.url = url("/status/404");
  EXPECT_EQ(open_.send(request).body, "says 404");
  EXPECT_FALSE(std::filesystem::exists(path));
  request.url = url("/bytes/0");
  open_.send(request);
  EXPECT_EQ(read_file(path), "");
  request.save = folder_ / "none" / "saved";
  EXPECT_NE(message_of([&] { open_.send(request); }), "");
}

TEST_F(ClientTest, RedirectsAreAnswersUnlessFollowed) {
  const auto to = [&](int status, std::string_view target) {
    return url(fmt::format("/to/{}?url={}", status, percent_encode(target)));
  };
  EXPECT_EQ(open_.send({.url = to(302, "/hello")}).status, 302);
  EXPECT_EQ(open_.send({.url = to(302, "/hello"), .max_redirects = 1}).body, "hello");
  EXPECT_EQ(open_.send({.url = to(307, to(301, url("/hello"))), .max_redirects = 2}).body, "hello");
  EXPECT_NE(failure_of(open_, {.url = url("/around"), .max_redirects = 3}).find("at most 3 redirects"),
            std::string::npos);
  for (const int status : {301, 302, 303, 307, 308}) {
    const auto answer = open_.send({.method = "POST", .url = to(status, "/echo"), .body = "kept", .max_redirects = 1});
    EXPECT_EQ(answer.body, status >= 307 ? "kept" : "") << status;
    EXPECT_TRUE(head_of(answer).starts_with(status >= 307 ? "POST" : "GET")) << status;
  }
  // Another origin does not hear the secrets of the first.
  const Headers headers{{"authorization", "Bearer x"}, {"x-api-key", "y"}, {"accept", "text/plain"}};
  const auto same = open_.send({.url = to(302, "/echo"), .headers = headers, .max_redirects = 1});
  EXPECT_NE(head_of(same).find("Bearer x"), std::string::npos);
  const auto other = open_.send({.url = to(302, url("/echo", "localhost")), .headers = headers, .max_redirects = 1});
  EXPECT_EQ(head_of(other).find("Bearer x"), std::string::npos);
  EXPECT_EQ(head_of(other).find("x-api-key"), std::string::npos);
  EXPECT_NE(head_of(other).find("accept: text/plain"), std::string::npos);
}

TEST_F(ClientTest, PrivateAddressesAreRefusedHoweverTheyAreSpelt) {
  const Client client({.plain_http = true});
  const int port = server_->port();
  for (const std::string host : {"127.0.0.1",
                                 "localhost",
                                 "2130706433",
                                 "0x7f.1",
                                 "0177.0.0.1",
                                 "127.1",
                                 "0.0.0.0",
                                 "0",
                                 "[::1]",
                                 "[::]",
                                 "[::ffff:127.0.0.1]",
                                 "[::ffff:7f00:1]",
                                 "127.0.0.1.",
                                 "[64:ff9b::7f00:1]",
                                 "[2002:7f00:1::]",
                                 "169.254.169.254",
                                 "10.0.0.1",
                                 "[fd00::1]",
                                 "[fe80::1]",
                                 "[fe80::1%25lo]"}) {
    EXPECT_THROW(client.send({.url = fmt::format("http://{}:{}/hello", host, port), .timeout = milliseconds(500)}),
                 std::runtime_error)
        << host;
  }
  EXPECT_EQ(server_->counts().accepted, 0u);
  // One that the URL says is refused at once, one that a name stands for when it is connected to.
  EXPECT_EQ(message_of([&] { client.send({.url = fmt::format("http://2130706433:{}/", port)}); }),
            "[http] expected a public address but got 127.0.0.1");
  EXPECT_EQ(message_of([&] { client.check_url("http://[::ffff:10.0.0.1]/"); }),
            "[http] expected a public address but got ::ffff:10.0.0.1");
  client.check_url("http://8.8.8.8/");
  client.check_url("http://localhost/");
  const std::string refused = failure_of(client, {.url = url("/hello", "localhost")});
  EXPECT_TRUE(refused.starts_with("[http] localhost: expected a public address but got ")) << refused;
  // The same spellings reach the server where nothing forbids it: the refusal is not a failure to connect.
  for (const std::string host : {"2130706433", "0x7f.1", "0177.0.0.1", "0.0.0.0", "localhost"}) {
    EXPECT_EQ(open_.send({.url = fmt::format("http://{}:{}/hello", host, port)}).body, "hello") << host;
  }
}

TEST_F(ClientTest, RedirectsToPrivateAddressesAreRefused) {
  const Client client({.plain_http = false, .hosts = {fmt::format("localhost:{}", server_->port())}});
  const auto to = [&](const std::string& target) { return url("/to/302?url=" + percent_encode(target), "localhost"); };
  EXPECT_EQ(client.send({.url = to("/hello"), .max_redirects = 1}).body, "hello");
  for (const std::string& target :
       {url("/hello"), fmt::format("https://127.0.0.1:{}/hello", server_->port()),
        std::string("https://169.254.169.254/"), std::string("file:///etc/passwd"), std::string("gopher://localhost/"),
        std::string("http://localhost:1/"), std::string("https://a:b@example.com/"), std::string("http://")}) {
    EXPECT_NE(failure_of(client, {.url = to(target), .timeout = milliseconds(2000), .max_redirects = 3}), "") << target;
  }
}

TEST_F(ClientTest, ListedHostsMayBeReached) {
  const auto port = server_->port();
  const auto body = [&](const std::string& listed, const std::string& host) {
    try {
      return Client({.hosts = {listed}}).send({.url = fmt::format("http://{}:{}/hello", host, port)}).body;
    } catch (const std::runtime_error&) {
      return std::string();
    }
  };
  EXPECT_EQ(body("localhost", "localhost"), "hello");
  EXPECT_EQ(body("LocalHost", "localhost"), "hello");
  EXPECT_EQ(body(fmt::format("localhost:{}", port), "localhost"), "hello");
  EXPECT_EQ(body("127.0.0.1", "127.0.0.1"), "hello");
  EXPECT_EQ(body("127.0.0.1", "2130706433"), "hello");
  EXPECT_EQ(body("localhost:1", "localhost"), "");
  EXPECT_EQ(body("localhost", "127.0.0.1"), "");
  EXPECT_EQ(body("host", "localhost"), "");
}

TEST(ClientUrlTest, WhatIsNoneIsRefusedBeforeAnythingIsConnected) {
  const Client client;
  for (const char* url :
       {"", "example.com", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://",
        "https://u:p@example.com/", "https://u@example.com/", "https://example.com:25/", "https://example.com:22/",
        "https://example.com:99999/", "https://exa mple.com/", "https://example.com/\r\nx", "https://example.com:0/"}) {
    EXPECT_NE(message_of([&] { client.send({.url = url}); }), "") << url;
  }
  EXPECT_NE(message_of([&] { client.send({.url = "https://a/" + std::string(9000, 'x')}); }), "");
}

TEST(ClientUrlTest, CertificatesAreVerified) {
  const RawServer server("\x15\x03\x01\x00\x02\x02\x28");
  const Client client({.private_addresses = true});
  EXPECT_NE(failure_of(client, {.url = "https" + server.url().substr(4)}), "");
  EXPECT_EQ(server.connections(), 1);
}

TEST(PrivateAddressTest, KnowsWhatThePublicNetworkDoesNotReach) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.255",
                              "10.0.0.1",
                              "10.255.255.255",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.0.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "100.127.255.255",
                              "0.0.0.0",
                              "0.1.2.3",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.88.99.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::127.0.0.1",
                              "::8.8.8.8",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "::ffff:a9fe:a9fe",
                              "fe80::1",
                              "febf::1",
                              "fec0::1",
                              "fc00::1",
                              "fdff::1",
                              "ff02::1",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b::7f00:1",
                              "64:ff9b:1::8.8.8.8",
                              "2002:7f00:1::",
                              "2002:a00:1::1",
                              "2002:c0a8:101::",
                              "2001::1",
                              "2001:0:4136:e378::",
                              "2001:db8::1",
                              "3fff::1",
                              "100::1",
                              "4000::1",
                              "5f00::1",
                              "fe80::1%eth0",
                              "",
                              "localhost",
                              "1.2.3",
                              "1.2.3.4.5",
                              "2130706433",
                              "0x7f000001",
                              "0177.0.0.1",
                              " 8.8.8.8",
                              "8.8.8.8 ",
                              "[::1]",
                              "example.com"}) {
    EXPECT_TRUE(is_private_address(address)) << address;
  }
  EXPECT_TRUE(is_private_address(std::string_view("8.8.8.8\0x", 9)));
  for (const char* address : {"8.8.8.8",          "1.1.1.1",
                              "9.255.255.255",    "11.0.0.0",
                              "100.63.255.255",   "100.128.0.0",
                              "126.255.255.255",  "128.0.0.1",
                              "169.253.255.255",  "169.255.0.0",
                              "172.15.255.255",   "172.32.0.0",
                              "192.0.1.0",        "192.167.255.255",
                              "192.169.0.0",      "198.17.255.255",
                              "198.20.0.0",       "223.255.255.255",
                              "2606:4700::1111",  "2a00:1450::1",
                              "2001:200::1",      "2001:4860:4860::8888",
                              "3ffe::1",          "::ffff:8.8.8.8",
                              "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_FALSE(is_private_address(address)) << address;
  }
}

}  // namespace
}  // namespace hotshot::net
