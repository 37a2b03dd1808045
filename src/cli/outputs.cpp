#include "cli/outputs.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "media/format.h"

namespace hotshot::cli {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
  std::string name = (fs::temp_directory_path() / "hotshot-XXXXXX").string();
  ensure(::mkdtemp(name.data()) != nullptr, "scratch", "cannot create {}: {}", name, std::strerror(errno));
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void check_output(const fs::path& path, int width, int height, Rational rate) {
  const media::Format& format = media::format_of(path);
  AtomicFile{path};  // created and removed
  // The writer itself knows best what its format holds: two black frames, elsewhere.
  const ScratchFolder scratch;
  const fs::path trial = scratch.path() / fmt::format("trial.{}", format.extensions.front());
  media::encode({Frames(2, height, width), rate}, trial);
}

void check_picture_output(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  require(extension == ".png", "output", "expected a picture FILE.png but got '{}'", path.string());
  AtomicFile{path};
}

fs::path numbered(const fs::path& path, int index, int count) {
  if (count <= 1) return path;
  return path.parent_path() / fmt::format("{}-{}{}", path.stem().string(), index + 1, path.extension().string());
}

}  // namespace hotshot::cli
