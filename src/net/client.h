// Requests to other servers (libcurl): webhooks, object stores, other services' models.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace hotshot::net {

/// Where requests may go. Addresses are checked when the socket is opened, with the very address that is connected to,
/// so neither a name that resolves differently the second time nor a redirect gets around it.
struct Reach {
  bool private_addresses = false;  // loopback, private, link-local, multicast, reserved and IPv6 forms of all these
  bool plain_http = false;         // http:// besides https://
  std::vector<std::string> hosts = {};  // "host" or "host:port" that may be reached in spite of both
};

/// A part of a file as a body.
struct FileUpload {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers = {};
  std::string body = {};
  std::optional<FileUpload> file = {};             // instead of body
  std::chrono::milliseconds timeout{10'000};       // for all of it; 0: none, but a stall of a minute ends it
  std::uint64_t max_bytes = 4u << 20;              // of the answer
  int max_redirects = 0;                           // followed, each checked like the first
  std::optional<std::filesystem::path> save = {};  // the body of a 2xx goes into this new file instead of memory
  std::function<bool()> cancelled = {};            // asked a few times a second; true ends the request
};

struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

/// There was no whole answer: refused by Reach, not resolved, not connected, timed out, cut off, too large, cancelled.
class ClientError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Not a byte of the request went out: the server cannot have acted on it.
class NotConnected : public ClientError {
 public:
  using ClientError::ClientError;
};

/// Thread-safe; keeps connections for the next request. Certificates are always verified. Neither the environment's
/// proxies nor its credentials are used.
class Client {
 public:
  explicit Client(Reach reach = {});
  ~Client();
  /// Any status is an answer. Throws ClientError, "[http] …", and InvalidArgument for a URL that is none or that Reach
  /// refuses by its scheme, port (below 1024 besides 80 and 443), address or credentials in it.
  ClientResponse send(const ClientRequest& request) const;
  /// Throws InvalidArgument as send() would for this URL; connects to nothing.
  void check_url(const std::string& url) const;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// Whether an address (as in "10.0.0.1", "fe80::1", "::ffff:127.0.0.1") lies on this machine or in a network that the
/// public one does not reach. Also true for what is no address.
bool is_private_address(std::string_view address);

}  // namespace hotshot::net
