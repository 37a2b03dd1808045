// Files that a command will write: checked before hours of work, numbered when there are several clips.
#pragma once

#include <filesystem>
#include <string>

#include "base/clip.h"
#include "media/encode.h"

namespace hotshot::cli {

/// A folder of this process for files nobody keeps; removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Throws InvalidArgument when a clip of this size, length and rate could not be written to `path`: unknown extension,
/// a size or rate the format cannot hold, no such folder, no permission. Leaves nothing behind.
void check_output(const std::filesystem::path& path, int width, int height, Rational rate);

/// Where one picture may be written: as above, for .png alone.
void check_picture_output(const std::filesystem::path& path);

/// "clip.mp4" → "clip-2.mp4" for the second (index 1) of several; unchanged for one.
std::filesystem::path numbered(const std::filesystem::path& path, int index, int count);

}  // namespace hotshot::cli
