// Local copies of blobs that lie elsewhere, as many as fit.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/blobs.h"

namespace hotshot::store {

/// A folder that any number of threads and processes share, and that a kill at any instant leaves sound. What was not
/// asked for longest gives way once there are more than `max_bytes`, and anything after a week; what was asked for in
/// the last minute stays in any case, so that whoever got its path can open it.
class BlobCache {
 public:
  BlobCache(const std::filesystem::path& folder, std::uint64_t max_bytes);

  /// Writes a blob's bytes into a file of that path, which is not there yet; false where there is no such blob.
  using Fetch = std::function<bool(const std::filesystem::path& to)>;
  /// The local copy; fetched, by one caller at a time, where there is none. std::runtime_error where the fetched bytes
  /// have another SHA-256.
  std::optional<std::filesystem::path> find(const std::string& sha256, const Fetch& fetch);
  /// Takes over a finished file.
  Blob keep(const std::filesystem::path& path);
  void remove(const std::string& sha256);
  /// Lets go of what is too much or too old. Also done at opening and as files come.
  void trim();
  /// For files to be kept later; what lies there longer than a day goes at opening.
  std::filesystem::path temporary_folder() const { return folder_ / "tmp"; }

 private:
  class Lock;
  void count(std::uint64_t bytes);

  std::filesystem::path folder_;
  std::uint64_t max_bytes_;
  std::unique_ptr<BlobStore> files_;
  std::atomic<std::uint64_t> new_bytes_{0};  // since the last trim by this process
};

}  // namespace hotshot::store
