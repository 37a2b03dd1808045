// A folder that appears whole or not at all.
#pragma once

#include <filesystem>

namespace hotshot::weights {

/// A folder filled under a hidden name beside its final place. commit() puts it there; without commit() (an exception,
/// Ctrl-C) it is removed with everything in it. What a killed process left behind is removed by the next.
class AtomicFolder {
 public:
  /// Throws InvalidArgument when something is at `final_path` already or the folder above cannot be written.
  explicit AtomicFolder(std::filesystem::path final_path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write.
  const std::filesystem::path& path() const { return hidden_; }
  /// Renames it. The files in it are the writer's to sync. Throws std::runtime_error when the disk refuses.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path hidden_;
  bool committed_ = false;
};

}  // namespace hotshot::weights
