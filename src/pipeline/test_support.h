// For the tests of this folder: the tiny random model, folders that vanish, and messages of errors.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"
#include "pipeline/model_folder.h"

namespace hotshot::pipeline {

inline const std::filesystem::path kTiny = std::filesystem::path(HOTSHOT_SOURCE_DIR) / "tests/golden/pipeline-wan";

/// A fresh folder, removed at the end.
class TestFolder {
 public:
  TestFolder() {
    static std::atomic<int> counter{0};
    path_ = std::filesystem::temp_directory_path() /
            ("hotshot-pipeline-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What InvalidArgument says, or nothing where none is thrown.
inline std::string complaint_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

}  // namespace hotshot::pipeline
