// The bytes of a file in memory.
#pragma once

#include <cstddef>

#include "base/input_file.h"

namespace hotshot::weights {

/// A file's bytes, mapped copy-on-write: writes stay in this process. Unmapped on destruction.
class Mapping {
 public:
  /// Throws std::runtime_error when the system refuses.
  explicit Mapping(const InputFile& file);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// Lets go of the memory behind whole pages of these bytes: what is read there afterwards is the file again.
  void give_back(const std::byte* first, std::size_t count) const;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hotshot::weights
