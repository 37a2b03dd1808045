// The requests to one S3 bucket that a blob store needs, each tried again where trying again can help.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/client.h"
#include "store/s3_address.h"

namespace hotshot::store {

/// What the server refused, "[s3] PUT bucket/key: 403 AccessDenied: …".
class S3Error : public std::runtime_error {
 public:
  S3Error(int status, std::string code, const std::string& message)
      : std::runtime_error(message), status(status), code(std::move(code)) {}
  int status;
  std::string code;  // "NoSuchKey"; "" where the answer named none
};

/// How stubbornly to ask.
struct S3Patience {
  int attempts = 5;                           // of one request
  std::chrono::milliseconds pause{200};       // before the second; then twice as long each time, with some chance
  std::chrono::milliseconds timeout{30'000};  // of a request that moves no file; those end after a minute's stall
};

struct S3Object {
  std::string key;
  std::uint64_t bytes = 0;
  std::int64_t age_ms =
      0;  // since it was last written, by the server's clock; a second too young at most, never too old
};

struct S3Page {
  std::vector<S3Object> objects;  // ordered by key
  std::string next;               // where the next page begins; empty: this is the last
};

/// An upload in parts that was begun and not ended.
struct S3Upload {
  std::string key;
  std::string id;
  std::int64_t age_ms = 0;
};

/// Thread-safe. Requests that get 5xx, 429 or no whole answer are tried again; the rest, and what stays so, is S3Error
/// or net::ClientError. Keys are the bucket's own, with their prefix.
class S3Bucket {
 public:
  explicit S3Bucket(S3Address address, S3Patience patience = {});

  const S3Address& address() const { return address_; }

  /// The part of a file as an object, or an empty object; the server checks the bytes.
  void put(const std::string& key, const net::FileUpload& file);
  void put_empty(const std::string& key);
  /// Writes the object into a new file. An object with another SHA-256 counts as an answer that was damaged on its way.
  /// False where there is none.
  bool get(const S3Object& object, const std::string& sha256, const std::filesystem::path& to);
  /// Gone, or never there.
  void remove(const std::string& key);
  S3Page list(const std::string& prefix, const std::string& from = {}, int most = 1000);
  /// Opens the object without keys for `lifetime`; the answer then has the headers of `answer` ("content-type", …).
  std::string link(const std::string& key, std::chrono::seconds lifetime, const net::Headers& answer) const;

  std::string begin_upload(const std::string& key);
  /// Parts count from 1; all but the last have at least 5 MiB. Returns what finish_upload wants to know.
  std::string put_part(const std::string& key, const std::string& upload, int number, const net::FileUpload& file);
  void finish_upload(const std::string& key, const std::string& upload, const std::vector<std::string>& parts);
  void abort_upload(const std::string& key, const std::string& upload);
  /// At most a thousand, the oldest of each key first. None from servers that cannot say.
  std::vector<S3Upload> uploads(const std::string& prefix);

 private:
  struct Call;
  net::ClientResponse send(const Call& call) const;
  net::ClientResponse send_once(const Call& call) const;
  S3Request request_for(const std::string& method, const std::string& key) const;

  S3Address address_;
  S3Patience patience_;
  net::Client client_;
};

}  // namespace hotshot::store
