// The HTTP/1.1 server: sockets, timeouts and limits around a Router.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "net/peers.h"
#include "net/router.h"

namespace hotshot::net {

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0 = any free one
  int threads = 2;
  int max_connections = 4096;  // more are answered 503, as far as that goes without waiting, and closed at once
  int max_connections_per_peer = 2048;  // not of `proxies`
  Networks proxies = {};                // whose X-Forwarded-For and Forwarded are believed
  std::uint32_t max_header_bytes = 32 << 10;
  std::uint64_t memory_body = 256 << 10;       // larger bodies go to a file in `spool`
  std::uint64_t max_stream_bytes = 16u << 20;  // that may wait for a slow reader of a Stream
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};   // without a byte
  std::chrono::milliseconds write_timeout{60'000};  // without progress
  std::chrono::milliseconds idle_timeout{75'000};   // between requests of a connection
  std::filesystem::path spool = {};  // folder for bodies, of this server alone; emptied of leftovers at start. "": the
                                     // system's folder for temporary files, where nothing is emptied
};

/// Of one moment, and since the server's start.
struct ServerCounts {
  int connections = 0, streams = 0;  // open now; a connection whose answer is a Stream is both
  std::uint64_t accepted = 0;        // connections
  std::uint64_t turned_away = 0;     // connections, for there were too many
  std::uint64_t refused = 0;         // requests that never reached the router: malformed, too slow, too large
};

/// Accepts connections from start() on, on threads of its own. Every answer gets x-request-id, date, and
/// x-content-type-options: nosniff. Malformed requests get 400, slow ones 408, large headers 431, large bodies 413.
/// Bodies may be chunked. Expect: 100-continue is answered once the length is known to be allowed.
class Server {
 public:
  /// `router` outlives the server. Throws InvalidArgument when the address cannot be bound.
  Server(ServerOptions options, const Router& router);
  ~Server();  // as stop()
  int port() const;
  ServerCounts counts() const;
  /// Accepts no more, lets requests that have begun finish, closes idle connections and streams, and returns when all
  /// are gone or `patience` is over, when the rest is broken off. Waits for handlers that run; not to be called by one.
  void stop(std::chrono::milliseconds patience = std::chrono::milliseconds(5000));

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hotshot::net
