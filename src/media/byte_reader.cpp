#include "media/byte_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace hotshot::media {
namespace {

constexpr std::uint64_t kSmall = 255, kWindow = 4096;

}  // namespace

ByteReader::ByteReader(const std::filesystem::path& path) : name_(path.string()) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  require(descriptor_ >= 0, "media", "cannot read {}: {}", name_, std::strerror(errno));
  struct stat status {};
  const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (regular && status.st_size > 0) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
  ::close(descriptor_);
  throw_invalid("media", fmt::format("cannot read {}: it is {}", name_, regular ? "empty" : "not a regular file"));
}

ByteReader::~ByteReader() { ::close(descriptor_); }

void ByteReader::read(std::uint64_t offset, std::string& out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) damaged("it ends early");
    done += static_cast<std::size_t>(got);
  }
}

std::string_view ByteReader::peek(std::uint64_t offset, std::uint64_t count) const {
  if (offset > size_ || count > size_ - offset) damaged("it ends early");
  if (offset < window_begin_ || offset + count > window_begin_ + window_.size()) {
    std::string fresh(std::min<std::uint64_t>(kWindow, size_ - offset), '\0');
    read(offset, fresh);
    window_ = std::move(fresh);
    window_begin_ = offset;
  }
  return std::string_view(window_).substr(offset - window_begin_, count);
}

std::string ByteReader::bytes(std::uint64_t offset, std::uint64_t count) const {
  if (count <= kSmall) return std::string(peek(offset, count));
  if (offset > size_ || count > size_ - offset) damaged("it ends early");
  if (count > (16u << 20)) damaged("a part of it is unreasonably large");
  std::string out(count, '\0');
  read(offset, out);
  return out;
}

std::uint64_t ByteReader::big(std::uint64_t offset, int count) const {
  std::uint64_t value = 0;
  for (const char c : peek(offset, static_cast<std::uint64_t>(count)))
    value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::uint64_t ByteReader::little(std::uint64_t offset, int count) const {
  const std::string_view raw = peek(offset, static_cast<std::uint64_t>(count));
  std::uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<std::uint8_t>(raw[i]);
  return value;
}

void ByteReader::damaged(const std::string& what) const {
  throw_invalid("media", fmt::format("{}: damaged file: {}", name_, what));
}

}  // namespace hotshot::media
