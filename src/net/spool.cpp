#include "net/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace hotshot::net {
namespace {

constexpr std::string_view kPrefix = "spool-";

}  // namespace

Spool::Spool(std::filesystem::path folder, std::uint64_t memory_bytes)
    : folder_(std::move(folder)), memory_bytes_(memory_bytes) {}

Spool::~Spool() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

void Spool::append(std::string_view bytes) {
  if (descriptor_ < 0 && size_ + bytes.size() > memory_bytes_) {
    static std::atomic<std::uint64_t> counter{0};
    const auto folder = folder_.empty() ? std::filesystem::temp_directory_path() : folder_;
    path_ = folder / fmt::format("{}{}-{}", kPrefix, ::getpid(), counter.fetch_add(1));
    descriptor_ = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    ensure(descriptor_ >= 0, "spool", "cannot write {}: {}", path_.string(), std::strerror(errno));
    write(std::exchange(memory_, {}));
  }
  if (descriptor_ < 0) {
    memory_.append(bytes);
  } else {
    write(bytes);
  }
  size_ += bytes.size();
}

void Spool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    ensure(put > 0, "spool", "cannot write {}: {}", path_.string(), std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

Content Spool::finish() {
  const auto size = std::exchange(size_, 0);
  if (descriptor_ < 0) return Content(std::exchange(memory_, {}));
  ::close(std::exchange(descriptor_, -1));
  return Content(std::exchange(path_, {}), size);
}

void empty_spool(const std::filesystem::path& folder) {
  make_folders(folder, "spool");
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(kPrefix)) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace hotshot::net
