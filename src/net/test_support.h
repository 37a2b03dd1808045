// A blocking HTTP client over a plain socket, for tests that must be able to send what no library would.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "net/http.h"

namespace hotshot::net {

struct Reply {
  int status = 0;  // 0: the connection ended before a head came
  std::string head;
  Headers headers = {};
  std::string body;    // without chunks
  bool whole = false;  // everything that the head promised came
};

class TestClient {
 public:
  explicit TestClient(int port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestClient() { close(); }
  TestClient(TestClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_), seen_(std::move(other.seen_)) {}
  TestClient& operator=(TestClient&&) = delete;

  bool connected() const { return connected_; }
  /// False once the server has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  void shutdown_send() { ::shutdown(socket_, SHUT_WR); }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  /// Whether the server ends the connection within `milliseconds`; what it sends before is kept for the next reads.
  bool ends_within(int milliseconds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    while (std::chrono::steady_clock::now() < deadline) {
      if (!more(50) && ended_) return true;
    }
    return ended_;
  }
  /// Whether it ended by a reset.
  bool was_reset() const { return reset_; }

  /// Everything up to `mark`, with it; what came so far if the end or the timeout comes first.
  std::string read_until(std::string_view mark, int milliseconds = 5000) {
    for (;;) {
      const auto at = seen_.find(mark);
      if (at != std::string::npos) return take(at + mark.size());
      if (!more(milliseconds)) return take(seen_.size());
    }
  }
  std::string read_bytes(std::size_t count, int milliseconds = 5000) {
    while (seen_.size() < count && more(milliseconds)) {
    }
    return take(std::min(count, seen_.size()));
  }
  std::string read_to_end(int milliseconds = 5000) {
    while (more(milliseconds)) {
    }
    return take(seen_.size());
  }

  /// The next answer; for one to HEAD without a body.
  Reply read_reply(bool has_body = true, int milliseconds = 5000) {
    Reply reply;
    reply.head = read_until("\r\n\r\n", milliseconds);
    if (!reply.head.starts_with("HTTP/1.1 ") || !reply.head.ends_with("\r\n\r\n")) return reply;
    reply.status = std::atoi(reply.head.c_str() + 9);
    for (auto text = std::string_view(reply.head).substr(reply.head.find("\r\n") + 2); text != "\r\n";) {
      const auto end = text.find("\r\n");
      const auto colon = text.find(": ");
      reply.headers.add(std::string(text.substr(0, colon)), std::string(text.substr(colon + 2, end - colon - 2)));
      text.remove_prefix(end + 2);
    }
    if (!has_body || reply.status == 204 || reply.status == 304 || reply.status < 200) {
      reply.whole = true;
    } else if (reply.headers.get("transfer-encoding") == "chunked") {
      reply.whole = read_chunks(reply.body, milliseconds);
    } else if (const auto* length = reply.headers.find("content-length")) {
      reply.body = read_bytes(std::stoull(*length), milliseconds);
      reply.whole = reply.body.size() == std::stoull(*length);
    } else {
      reply.body = read_to_end(milliseconds);
      reply.whole = ended_ && !reset_;
    }
    return reply;
  }
  Reply request(std::string_view bytes) {
    send(bytes);
    return read_reply(!bytes.starts_with("HEAD "));
  }

 private:
  bool read_chunks(std::string& body, int milliseconds) {
    for (;;) {
      const auto line = read_until("\r\n", milliseconds);
      if (!line.ends_with("\r\n")) return false;
      const auto size = std::stoull(line, nullptr, 16);
      auto data = read_bytes(size + 2, milliseconds);
      if (!data.ends_with("\r\n") || data.size() != size + 2) return false;
      body.append(data, 0, size);
      if (size == 0) return true;
    }
  }
  std::string take(std::size_t count) {
    auto taken = seen_.substr(0, count);
    seen_.erase(0, count);
    return taken;
  }
  bool more(int milliseconds) {
    pollfd waiting{socket_, POLLIN, 0};
    if (ended_ || ::poll(&waiting, 1, milliseconds) <= 0) return false;
    char piece[16384];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    if (got <= 0) {
      ended_ = true;
      reset_ = got < 0;
      return false;
    }
    seen_.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  bool reset_ = false;
  std::string seen_;
};

/// "GET /path HTTP/1.1" with a host and more header lines, each with its line end.
inline std::string get(std::string_view path, std::string_view more = "", std::string_view method = "GET") {
  return fmt::format("{} {} HTTP/1.1\r\nHost: test\r\n{}\r\n", method, path, more);
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(), more, body);
}

inline std::string chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

/// The status and code of the HttpError that an action throws; 0 where it throws none.
template <class Action>
std::pair<int, std::string> refusal_of(const Action& action) {
  try {
    action();
  } catch (const HttpError& error) {
    return {error.status, error.code};
  }
  return {0, ""};
}

}  // namespace hotshot::net
