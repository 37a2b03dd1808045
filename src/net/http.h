// HTTP as handlers see it: a request that has arrived whole, and what is answered. No sockets here (server.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hotshot::net {

/// Named values in the order they came. Header names compare without case, those of queries and forms exactly.
class Headers {
 public:
  using Pair = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Pair> pairs) : pairs_(pairs) {}

  void add(std::string name, std::string value) { pairs_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces every value of that name.
  void set(std::string_view name, std::string value);
  /// The first value, or null.
  const std::string* find(std::string_view name) const;
  /// The first value, or "".
  std::string get(std::string_view name) const;
  auto begin() const { return pairs_.begin(); }
  auto end() const { return pairs_.end(); }

 private:
  std::vector<Pair> pairs_;
};

/// Bytes from outside: in memory, or, where they are many, in a temporary file that goes with the last copy.
class Content {
 public:
  Content() = default;
  explicit Content(std::string bytes) : bytes_(std::move(bytes)), size_(bytes_.size()) {}
  /// Takes over the file at `path`.
  Content(std::filesystem::path path, std::uint64_t size);

  std::uint64_t size() const { return size_; }
  /// All of it; InvalidArgument above `limit` bytes.
  std::string text(std::uint64_t limit = 16u << 20) const;
  /// Bytes [offset, offset + count), fewer at the end.
  std::string read(std::uint64_t offset, std::uint64_t count) const;
  /// The temporary file; empty where the bytes are in memory.
  std::filesystem::path path() const;

 private:
  struct File;
  std::string bytes_;
  std::uint64_t size_ = 0;
  std::shared_ptr<File> file_;
};

struct Request {
  std::string method;  // "GET", upper case
  /// Begins with '/', without ".", ".." and empty segments, percent-decoded except for %2F and %25, which stay escaped:
  /// an escaped slash separates nothing. Captures are decoded whole, so that one of them may hold "owner/name", but
  /// never a ".." or an empty piece: such paths are refused before (wire.h). UTF-8 without control characters.
  std::string path;
  std::string query_text;
  std::vector<Headers::Pair> query;  // decoded, in order
  Headers headers;
  Content body;
  std::string peer;  // the client's address without port, "127.0.0.1"; behind a trusted proxy the one that it names
  std::string id;    // random, for logs and x-request-id
  std::string route = {};  // the pattern of the route that answers, "" where there is none

  /// Of the route's pattern: "/v1/videos/{id}" captures id.
  std::vector<Headers::Pair> captures;
  const std::string& capture(std::string_view name) const;  // std::out_of_range where the pattern has none
  const std::string* query_value(std::string_view name) const;
};

/// The sending end of an answer that goes on: events, an archive being packed. Thread-safe; may outlive the connection.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues bytes. False once the peer is gone, or has not read for so long that more than the server's
  /// max_stream_bytes wait: then the connection is closed.
  virtual bool send(std::string bytes) = 0;
  /// Bytes that wait to be sent.
  virtual std::size_t waiting() const = 0;
  /// No more will come: the answer ends well. A stream let go of without close() breaks the connection off, so that
  /// half an archive never looks whole; so does the server's stop(), once what waits is sent.
  virtual void close() = 0;
  virtual bool is_open() const = 0;
};

/// Called on a server thread as soon as the headers are out; must return at once.
using StreamBody = std::function<void(std::shared_ptr<Stream>)>;

struct Response;

/// An answer that is not there yet, so that no thread waits for it: called on a server thread, must return at once.
/// `answer` takes the whole answer, once, from any thread, also when the client has gone; headers of the Response that
/// carries this are added to it. If the last copy of `answer` goes unused, the client gets 500.
using LaterBody = std::function<void(std::function<void(Response)> answer)>;

/// A part of a file, sent without being read into memory. A file found too short is answered 500; one that shrinks on
/// the way breaks the connection off.
struct FileBody {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// The server writes content-length, transfer-encoding and connection itself ("connection: close" is honoured), and
/// leaves out every header whose name is no token or whose value holds a control character.
struct Response {
  int status = 200;
  Headers headers = {};
  std::variant<std::string, FileBody, StreamBody, LaterBody> body = {};

  static Response json(const nlohmann::json& value, int status = 200);
  static Response text(std::string text, std::string type = "text/plain; charset=utf-8", int status = 200);
  static Response empty(int status = 204) { return {status}; }
  static Response redirect(std::string location, int status = 302);
  Response& with(std::string_view name, std::string value) {
    headers.set(name, std::move(value));
    return *this;
  }
};

/// What went wrong with a request, for an answer of that status. code is for programs ("not_found"), param names the
/// field at fault or is empty.
class HttpError : public std::runtime_error {
 public:
  HttpError(int status, std::string code, const std::string& message, std::string param = {})
      : std::runtime_error(message), status(status), code(std::move(code)), param(std::move(param)) {}
  int status;
  std::string code;
  std::string param;
  Headers headers = {};  // added to the answer: retry-after, allow
};

using Handler = std::function<Response(Request&)>;

/// Compares ASCII letters without case.
bool same_name(std::string_view a, std::string_view b);
/// Whether the bytes are well-formed UTF-8.
bool is_utf8(std::string_view text);
/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);
/// "a=1&b=%20" → pairs, '+' as a space. Damaged escapes stay as they are.
std::vector<Headers::Pair> parse_query(std::string_view text);
/// Damaged escapes stay as they are.
std::string percent_decode(std::string_view text);
/// All but letters, digits and -._~ escaped.
std::string percent_encode(std::string_view text);
/// "Wed, 25 Nov 2026 15:00:00 GMT".
std::string http_date(std::int64_t unix_seconds);
/// The type of a file name's extension: "clip.mp4" → "video/mp4"; "application/octet-stream" where unknown.
std::string media_type(std::string_view file_name);

}  // namespace hotshot::net
