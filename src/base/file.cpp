#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/error.h"

namespace hotshot {
namespace {

std::filesystem::path temporary_beside(const std::filesystem::path& final_path) {
  static std::atomic<int> counter{0};
  const std::string name = fmt::format(".{}.{}.{}.partial{}", final_path.stem().string(), ::getpid(),
                                       counter.fetch_add(1), final_path.extension().string());
  return final_path.parent_path() / name;
}

void sync_path(const std::filesystem::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags);
  ensure(fd >= 0, "file", "cannot open {}: {}", path.string(), std::strerror(errno));
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some file systems cannot sync a folder; the data itself must not fail.
  ensure(result == 0 || (flags & O_DIRECTORY), "file", "cannot write {}: {}", path.string(), std::strerror(error));
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path final_path) : final_(std::move(final_path)) {
  require(final_.has_filename(), "file", "expected a file name but got '{}'", final_.string());
  require(!std::filesystem::is_directory(final_), "file", "expected a file but '{}' is a folder", final_.string());
  temporary_ = temporary_beside(final_);
  const int fd = ::open(temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  require(fd >= 0, "file", "cannot write {}: {}", final_.string(), std::strerror(errno));
  ::close(fd);
}

AtomicFile::~AtomicFile() {
  std::error_code ignored;
  if (!committed_) std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  sync_path(temporary_, O_RDONLY);
  std::error_code error;
  std::filesystem::rename(temporary_, final_, error);
  ensure(!error, "file", "cannot write {}: {}", final_.string(), error.message());
  committed_ = true;
  const auto folder = final_.has_parent_path() ? final_.parent_path() : std::filesystem::path(".");
  sync_path(folder, O_RDONLY | O_DIRECTORY);
}

void make_folders(const std::filesystem::path& path, std::string_view where) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  require(!error, where, "cannot create {}: {}", path.string(), error.message());
}

void require_writable(const std::filesystem::path& folder, std::string_view where) {
  try {
    AtomicFile(folder / "writable");
  } catch (const InvalidArgument&) {
    throw_invalid(where, fmt::format("cannot write in {}", folder.string()));
  }
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  {
    std::ofstream out(file.path(), std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    ensure(out.good(), "file", "cannot write {}: {}", path.string(), std::strerror(errno));
  }
  file.commit();
}

std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  require(!error, "file", "cannot read {}: {}", path.string(), error.message());
  require(size <= max_bytes, "file", "expected at most {} bytes but {} has {}", max_bytes, path.string(), size);
  std::ifstream in(path, std::ios::binary);
  require(in.good(), "file", "cannot read {}: {}", path.string(), std::strerror(errno));
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  require(in.gcount() == static_cast<std::streamsize>(size), "file", "cannot read {}: it ended early", path.string());
  return bytes;
}

}  // namespace hotshot
