// A regular file, opened with care, and its bytes in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace hotshot::weights {

/// An open file for reading. Folders, pipes and devices are refused without blocking; links are followed.
class InputFile {
 public:
  /// Throws InvalidArgument when missing, unreadable or not a regular file.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }
  /// Reads exactly `bytes` at `offset`. Throws InvalidArgument when the file ends before.
  void read(void* out, std::size_t bytes, std::uint64_t offset) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// A file's bytes, mapped copy-on-write: writes stay in this process. Unmapped on destruction.
class Mapping {
 public:
  /// Throws std::runtime_error when the system refuses.
  explicit Mapping(const InputFile& file);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hotshot::weights
