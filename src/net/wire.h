// What the server reads and writes around a handler: request targets, and the head of an answer. No sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace hotshot::net {

struct Target {
  std::string path;       // as Request::path
  std::string query;      // what is behind '?'
  std::string authority;  // "host:port" of "http://host:port/path"; else empty
};

/// "/a%20b?x=1" or "http://host/a". HttpError 400 for other forms, damaged escapes, "..", control characters, bytes
/// that are no UTF-8, and escaped slashes that would make an empty, "." or ".." piece.
Target parse_target(std::string_view target);

/// The value of a Host header: "host", "host:80", "[::1]:80", or empty.
bool is_host(std::string_view value);

struct RequestLine {
  std::string method;
  std::string target;
  int version = 11;  // 10 is HTTP/1.0
};

/// Refuses, with HttpError 400, what two readers could understand in two ways (content-length twice or beside
/// transfer-encoding, other codings than chunked) and what has not one host. The host of an absolute target replaces
/// the header, as RFC 9112 wants it. The path of "OPTIONS *" is "/".
Target check_head(const RequestLine& line, Headers& headers);

/// How an answer's body is delimited.
struct Framing {
  std::optional<std::uint64_t> length;  // content-length
  bool chunked = false;
  bool keep_alive = false;
  bool http_1_0 = false;
};

/// Status line and headers up to the empty line; with date, x-request-id and x-content-type-options. Headers of the
/// response that are malformed or the server's own are left out.
std::string response_head(const Response& response, const Framing& framing, const std::string& request_id,
                          std::int64_t unix_seconds);

/// Whether answers of that status never have a body.
inline bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

/// A token of RFC 9110: header names, methods.
bool is_token(std::string_view text);

}  // namespace hotshot::net
