// A regular file, opened with care.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace hotshot {

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

}  // namespace hotshot
