#include "store/blob_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "store/database.h"
#include "store/temporary_file.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kWeek = 7 * 24 * 3600 * std::int64_t{1000};

// Its time says when it was last asked for. False where it has just gone.
bool touch(const fs::path& path) { return ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0; }

}  // namespace

// Of one name, against other threads and processes: a lock on one byte of a file, which the system lets go of with the
// process. The first 60 bits of the name say which byte.
class BlobCache::Lock {
 public:
  Lock(const BlobCache& cache, const std::string& sha256)
      : fd_(::open((cache.folder_ / "names").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    ensure(fd_ >= 0, "blobs", "cannot open {}: {}", (cache.folder_ / "names").string(), std::strerror(errno));
    struct flock range = {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(std::stoull(sha256.substr(0, 15), nullptr, 16));
    range.l_len = 1;
    while (::fcntl(fd_, F_OFD_SETLKW, &range) != 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      ::close(fd_);
      throw_failure("blobs", fmt::format("cannot lock {}: {}", sha256, std::strerror(error)));
    }
  }
  ~Lock() { ::close(fd_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

BlobCache::BlobCache(const fs::path& folder, std::uint64_t max_bytes)
    : folder_(fs::absolute(folder)), max_bytes_(max_bytes), files_(open_file_blobs(folder)) {
  trim();
}

std::optional<fs::path> BlobCache::find(const std::string& sha256, const Fetch& fetch) {
  require(is_sha256(sha256), "blobs", "expected 64 hex digits but got '{}'", sha256);
  std::uint64_t bytes = 0;
  {
    const Lock lock(*this, sha256);
    const auto known = files_->find(sha256);
    if (known && touch(*known)) return known;
    const TemporaryFile fetched(temporary_folder());
    if (!fetch(fetched.path)) return {};
    const Blob blob = files_->put_file(fetched.path);
    ensure(blob.sha256 == sha256, "blobs", "expected bytes with SHA-256 {} but got {}", sha256, blob.sha256);
    bytes = blob.bytes;
  }
  count(bytes);
  return files_->find(sha256);
}

Blob BlobCache::keep(const fs::path& path) {
  const Blob blob = files_->put_file(path);
  count(blob.bytes);
  return blob;
}

void BlobCache::remove(const std::string& sha256) {
  const Lock lock(*this, sha256);
  files_->remove(sha256);
}

void BlobCache::count(std::uint64_t bytes) {
  if ((new_bytes_ += bytes) > max_bytes_ / 16) trim();
}

void BlobCache::trim() {
  new_bytes_ = 0;
  struct Copy {
    std::int64_t used_ms;
    Blob blob;
  };
  std::vector<Copy> copies;
  std::uint64_t bytes = 0;
  files_->each(-kMinute, [&](const Blob& blob) {
    const auto path = files_->find(blob.sha256);
    struct stat status = {};
    if (!path || ::stat(path->c_str(), &status) != 0) return;
    copies.push_back({std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000, blob});
    bytes += blob.bytes;
  });
  std::sort(copies.begin(), copies.end(), [](const Copy& a, const Copy& b) { return a.used_ms < b.used_ms; });
  const std::int64_t now = now_ms();
  for (const Copy& copy : copies) {
    if (bytes <= max_bytes_ && now - copy.used_ms < kWeek) break;
    if (now - copy.used_ms < kMinute) break;
    const Lock lock(*this, copy.blob.sha256);
    if (files_->remove(copy.blob.sha256, kMinute)) bytes -= copy.blob.bytes;
  }
}

}  // namespace hotshot::store
