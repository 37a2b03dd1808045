// Bounded random access to a file from outside: no read goes past the end, none is larger than asked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hotshot::media {

/// An open regular file, for one thread. Every reading member throws InvalidArgument, naming the file, where it is too
/// short.
class ByteReader {
 public:
  /// Throws InvalidArgument when missing, unreadable, empty or not a regular file (never waits on a pipe).
  explicit ByteReader(const std::filesystem::path& path);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  std::uint64_t size() const { return size_; }
  int descriptor() const { return descriptor_; }
  const std::string& name() const { return name_; }

  /// `count` bytes from `offset`, count at most 16 MiB.
  std::string bytes(std::uint64_t offset, std::uint64_t count) const;
  /// Unsigned big- or little-endian integer of 1 to 8 bytes.
  std::uint64_t big(std::uint64_t offset, int count) const;
  std::uint64_t little(std::uint64_t offset, int count) const;
  /// "[media] NAME: damaged file: what" as InvalidArgument.
  [[noreturn]] void damaged(const std::string& what) const;

 private:
  void read(std::uint64_t offset, std::string& out) const;
  /// Small pieces come out of what was last read, so that a walk from byte to byte is no walk from call to call.
  std::string_view peek(std::uint64_t offset, std::uint64_t count) const;

  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  mutable std::string window_ = {};
  mutable std::uint64_t window_begin_ = 0;
};

}  // namespace hotshot::media
