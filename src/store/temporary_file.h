// A file on its way to its place.
#pragma once

#include <filesystem>

#include "store/ids.h"

namespace hotshot::store {

/// A path in `folder` that nobody else has. What lies there at the end, since it was not moved away, is removed.
struct TemporaryFile {
  explicit TemporaryFile(const std::filesystem::path& folder) : path(folder / new_id("blob")) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path path;
};

}  // namespace hotshot::store
