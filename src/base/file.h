// Files that appear whole or not at all, and bounded reads of files from outside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hotshot {

/// A file written under a temporary name beside its final place. commit() makes it durable and renames it;
/// without commit() (an exception, Ctrl-C) the temporary file is removed and the old file, if any, stays.
class AtomicFile {
 public:
  /// Throws InvalidArgument when the folder does not exist or cannot be written.
  explicit AtomicFile(std::filesystem::path final_path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Where to write; has the same extension as the final path (muxers look at it).
  const std::filesystem::path& path() const { return temporary_; }
  /// fsync, then rename. Throws std::runtime_error when the disk refuses.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

/// Makes a folder and those above it. Throws InvalidArgument, "[where] …", where that cannot be.
void make_folders(const std::filesystem::path& path, std::string_view where);

/// Throws InvalidArgument, "[where] …", where no file can be written in a folder that is there.
void require_writable(const std::filesystem::path& folder, std::string_view where);

/// Writes `bytes` as a whole file, atomically.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Reads a whole file of at most `max_bytes`. Throws InvalidArgument when missing, unreadable or larger.
std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes = 64u << 20);

}  // namespace hotshot
