#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "store/blobs.h"
#include "store/database.h"
#include "store/temporary_file.h"

namespace hotshot::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 24 * 3600 * 1000;

// An open file or folder.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    ensure(fd_ >= 0, "blobs", "cannot open {}: {}", path.string(), std::strerror(errno));
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int fd() const { return fd_; }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      ensure(written > 0 || errno == EINTR, "blobs", "cannot write {}: {}", path_.string(), std::strerror(errno));
      if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void sync() const { ensure(::fsync(fd_) == 0, "blobs", "cannot write {}: {}", path_.string(), std::strerror(errno)); }

 private:
  fs::path path_;
  int fd_;
};

void sync_folder(const fs::path& folder) { Descriptor(folder, O_RDONLY | O_DIRECTORY).sync(); }

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return status;
}

std::int64_t age_ms(const struct stat& status) {
  return now_ms() - (std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000);
}

class FileBlobs : public BlobStore {
 public:
  explicit FileBlobs(const fs::path& folder) : folder_(fs::absolute(folder)) {
    make_folders(folder_ / "tmp", "blobs");
    require_writable(folder_ / "tmp", "blobs");
    const Descriptor lock(lock_path(), O_CREAT | O_RDWR);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder_ / "tmp")) {
      const auto status = status_of(entry.path());
      if (status && age_ms(*status) > kDay) fs::remove_all(entry.path(), ignored);
    }
  }

  Blob put_file(const fs::path& path) override {
    const auto status = status_of(path);
    ensure(status && S_ISREG(status->st_mode), "blobs", "expected a file but got {}", path.string());
    const Blob blob = finished(path);
    if (place(path, blob)) return blob;
    // From another file system.
    const TemporaryFile temporary(folder_ / "tmp");
    std::error_code error;
    fs::copy_file(path, temporary.path, error);
    ensure(!error, "blobs", "cannot copy {}: {}", path.string(), error.message());
    const Blob copied = finished(temporary.path);
    ensure(place(temporary.path, copied), "blobs", "cannot move files within {}", folder_.string());
    fs::remove(path, error);
    return copied;
  }

  Blob put(std::string_view bytes) override {
    const TemporaryFile temporary(folder_ / "tmp");
    Descriptor(temporary.path, O_CREAT | O_EXCL | O_WRONLY).write(bytes);
    const Blob blob = finished(temporary.path);
    ensure(place(temporary.path, blob), "blobs", "cannot move files within {}", folder_.string());
    return blob;
  }

  std::optional<fs::path> find(const std::string& sha256) override {
    const fs::path path = path_of(sha256);
    const auto status = status_of(path);
    if (!status || !S_ISREG(status->st_mode)) return {};
    return path;
  }

  std::optional<std::string> link(const std::string&, std::chrono::seconds, const net::Headers&) override { return {}; }

  bool remove(const std::string& sha256, std::int64_t grace_ms) override {
    const fs::path path = path_of(sha256);
    const Lock lock(*this, LOCK_EX);
    const auto status = status_of(path);
    if (!status) return true;
    if (grace_ms > 0 && age_ms(*status) < grace_ms) return false;
    ensure(::unlink(path.c_str()) == 0 || errno == ENOENT, "blobs", "cannot remove {}: {}", path.string(),
           std::strerror(errno));
    return true;
  }

  void each(std::int64_t age, const std::function<void(const Blob&)>& visit) override {
    for (const auto& folder : fs::directory_iterator(folder_)) {
      const std::string first = folder.path().filename().string();
      if (first.size() != 2) continue;
      for (const auto& entry : fs::directory_iterator(folder.path())) {
        const std::string name = first + entry.path().filename().string();
        const auto status = status_of(entry.path());
        if (!is_sha256(name) || !status || age_ms(*status) < age) continue;
        visit({name, static_cast<std::uint64_t>(status->st_size)});
      }
    }
  }

 private:
  // Whoever removes a blob must not meet one who puts it again between its look at the age and its unlink.
  class Lock {
   public:
    Lock(const FileBlobs& blobs, int kind) : file_(blobs.lock_path(), O_CREAT | O_RDWR) {
      while (::flock(file_.fd(), kind) != 0)
        ensure(errno == EINTR, "blobs", "cannot lock the folder: {}", std::strerror(errno));
    }

   private:
    Descriptor file_;
  };

  fs::path lock_path() const { return folder_ / "lock"; }

  fs::path path_of(const std::string& sha256) const {
    require(is_sha256(sha256), "blobs", "expected 64 hex digits but got '{}'", sha256);
    return folder_ / sha256.substr(0, 2) / sha256.substr(2);
  }

  // Makes a file's bytes durable. Its time says from now on when it was put.
  static Blob finished(const fs::path& path) {
    const Descriptor file(path, O_RDONLY);
    ensure(::futimens(file.fd(), nullptr) == 0, "blobs", "cannot write {}: {}", path.string(), std::strerror(errno));
    file.sync();
    return {sha256_file(path), fs::file_size(path)};
  }

  // Renames a finished file to its place, over one with the same bytes. False where it is on another file system.
  bool place(const fs::path& from, const Blob& blob) {
    const fs::path path = path_of(blob.sha256);
    if (fs::create_directory(path.parent_path())) sync_folder(folder_);
    const Lock lock(*this, LOCK_SH);
    if (::rename(from.c_str(), path.c_str()) != 0) {
      ensure(errno == EXDEV, "blobs", "cannot write {}: {}", path.string(), std::strerror(errno));
      return false;
    }
    sync_folder(path.parent_path());
    return true;
  }

  fs::path folder_;
};

}  // namespace

std::unique_ptr<BlobStore> open_file_blobs(const fs::path& folder) { return std::make_unique<FileBlobs>(folder); }

}  // namespace hotshot::store
