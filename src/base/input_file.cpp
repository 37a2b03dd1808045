#include "base/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace hotshot {

InputFile::InputFile(const std::filesystem::path& path) : path_(path) {
  // Without O_NONBLOCK, opening a pipe nobody writes to would wait for ever.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  require(descriptor_ >= 0, "file", "cannot read {}: {}", path.string(), std::strerror(errno));
  struct stat status = {};
  const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular) ::close(descriptor_);
  require(regular, "file", "expected a file but {} is {}", path.string(),
          S_ISDIR(status.st_mode) ? "a folder" : "a pipe or a device");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { ::close(descriptor_); }

void InputFile::read(void* out, std::size_t bytes, std::uint64_t offset) const {
  auto* cursor = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t got =
        ::pread(descriptor_, cursor, std::min<std::size_t>(bytes, 1u << 30), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    ensure(got >= 0, "file", "cannot read {}: {}", path_.string(), std::strerror(errno));
    require(got > 0, "file", "expected {} more bytes but {} ends at {}", bytes, path_.string(), offset);
    cursor += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace hotshot
