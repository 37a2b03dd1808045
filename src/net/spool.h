// Bytes that come in pieces: in memory while they are few, in a temporary file once they are many.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "net/http.h"

namespace hotshot::net {

class Spool {
 public:
  /// More than `memory_bytes` go to a file in `folder` ("" is the system's folder for temporary files).
  Spool(std::filesystem::path folder, std::uint64_t memory_bytes);
  ~Spool();  // removes the file unless finish() gave it away
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// std::runtime_error when the disk refuses.
  void append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  /// What was appended; the spool is empty afterwards.
  Content finish();

 private:
  void write(std::string_view bytes);

  std::filesystem::path folder_;
  std::uint64_t memory_bytes_;
  std::uint64_t size_ = 0;
  std::string memory_;
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Removes the files that spools of an earlier process left in `folder`, and makes the folder if there is none.
void empty_spool(const std::filesystem::path& folder);

}  // namespace hotshot::net
