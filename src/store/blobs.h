// Files that jobs made or were given, by the SHA-256 of their bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace hotshot::store {

struct Blob {
  std::string sha256;  // 64 lower-case hex digits; its name
  std::uint64_t bytes = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  /// Takes over a finished file, also from another file system: durable (fsync of file and folder) before it returns,
  /// and no longer at `path`. The same bytes are kept once.
  virtual Blob put_file(const std::filesystem::path& path) = 0;
  virtual Blob put(std::string_view bytes) = 0;
  /// A local file with the bytes; empty where there is none. To be opened within a minute: afterwards it may give way
  /// to others, which does not touch whoever has it open. InvalidArgument for a name that is no SHA-256.
  virtual std::optional<std::filesystem::path> find(const std::string& sha256) = 0;
  /// An address from which anybody can fetch the bytes for `lifetime`, without keys; the answer there has the headers
  /// of `answer` ("content-type", "content-disposition", "cache-control"). Empty where there is none, and always where
  /// blobs lie in a folder.
  virtual std::optional<std::string> link(const std::string& sha256, std::chrono::seconds lifetime,
                                          const net::Headers& answer) = 0;
  /// True once it is gone (or was never there). Bytes that were put, or put again, within the last `grace_ms` stay:
  /// whoever put them may not have said yet which job needs them.
  virtual bool remove(const std::string& sha256, std::int64_t grace_ms = 0) = 0;
  /// Every blob that was last put more than `age_ms` ago, in no order.
  virtual void each(std::int64_t age_ms, const std::function<void(const Blob&)>& visit) = 0;
};

/// DIR/ab/cdef…, written under DIR/tmp first; leftovers there older than a day go at opening.
std::unique_ptr<BlobStore> open_file_blobs(const std::filesystem::path& folder);

}  // namespace hotshot::store
