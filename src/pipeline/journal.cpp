#include "pipeline/journal.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <numeric>

#include "base/digest.h"
#include "base/error.h"

namespace hotshot::pipeline {
namespace {

constexpr std::size_t kChecksum = 16;  // hex digits of SHA-256: against cut and damaged records, not against malice

std::string checksum(std::int64_t index, const void* data, std::size_t bytes) {
  std::string text = fmt::format("{} ", index);
  text.append(static_cast<const char*>(data), bytes);
  return sha256_text(text).substr(0, kChecksum);
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : path_(path), value_(::open(path.c_str(), flags, 0600)) {
    ensure(value_ >= 0, "journal", "cannot open {}: {}", path.string(), std::strerror(errno));
  }
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  /// False at a premature end.
  bool read(std::int64_t offset, void* out, std::size_t bytes) const {
    auto* to = static_cast<char*>(out);
    while (bytes > 0) {
      const ssize_t got = ::pread(value_, to, bytes, offset);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got, offset += got, bytes -= static_cast<std::size_t>(got);
    }
    return true;
  }
  void write(std::int64_t offset, const void* data, std::size_t bytes) const {
    const auto* from = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t put = ::pwrite(value_, from, bytes, offset);
      if (put < 0 && errno == EINTR) continue;
      ensure(put > 0, "journal", "cannot write {}: {}", path_.string(), std::strerror(errno));
      from += put, offset += put, bytes -= static_cast<std::size_t>(put);
    }
  }
  void cut(std::int64_t size) const {
    ensure(::ftruncate(value_, size) == 0, "journal", "cannot cut {}: {}", path_.string(), std::strerror(errno));
  }
  void sync() const {
    ensure(::fdatasync(value_) == 0, "journal", "cannot store {}: {}", path_.string(), std::strerror(errno));
  }

 private:
  std::filesystem::path path_;
  int value_;
};

}  // namespace

Journal::Journal(std::filesystem::path path, const std::string& digest, const std::vector<std::int64_t>& shape)
    : path_(std::move(path)),
      shape_(shape),
      header_(sha256_text(fmt::format("hotshot-journal-1 {} {}", digest, fmt::join(shape, "x"))) + "\n"),
      values_(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())) {
  require(values_ > 0, "journal", "expected a shape with values but got [{}]", fmt::join(shape, ", "));
  const Descriptor file(path_, O_RDWR | O_CREAT | O_CLOEXEC);
  std::string found(header_.size(), '\0');
  if (file.read(0, found.data(), found.size()) && found == header_) {
    std::vector<char> record(static_cast<std::size_t>(record_bytes()));
    const std::size_t data = record.size() - kChecksum;
    const auto start = static_cast<std::int64_t>(header_.size());
    while (file.read(start + known_ * record_bytes(), record.data(), record.size()) &&
           std::memcmp(record.data() + data, checksum(known_, record.data(), data).data(), kChecksum) == 0) {
      ++known_;
    }
  } else {
    file.write(0, header_.data(), header_.size());
  }
  file.cut(static_cast<std::int64_t>(header_.size()) + known_ * record_bytes());
  file.sync();
  written_ = known_;
}

std::int64_t Journal::record_bytes() const {
  return values_ * static_cast<std::int64_t>(sizeof(float)) + static_cast<std::int64_t>(kChecksum);
}

at::Tensor Journal::recall(std::int64_t index) const {
  require(index >= 0 && index < known_, "journal", "expected an answer below {} but got {}", known_, index);
  const Descriptor file(path_, O_RDONLY | O_CLOEXEC);
  at::Tensor velocity = at::empty(shape_, at::kFloat);
  ensure(file.read(static_cast<std::int64_t>(header_.size()) + index * record_bytes(), velocity.data_ptr(),
                   static_cast<std::size_t>(values_) * sizeof(float)),
         "journal", "cannot read {}", path_.string());
  return velocity;
}

void Journal::remember(const at::Tensor& velocity) {
  require(velocity.sizes() == at::IntArrayRef(shape_), "journal", "expected an answer of shape [{}] but got [{}]",
          fmt::join(shape_, ", "), fmt::join(velocity.sizes(), ", "));
  const at::Tensor plain = velocity.to(at::kCPU, at::kFloat).contiguous();
  const auto data = static_cast<std::size_t>(values_) * sizeof(float);
  const std::string sum = checksum(written_, plain.data_ptr(), data);
  const Descriptor file(path_, O_WRONLY | O_CLOEXEC);
  const std::int64_t offset = static_cast<std::int64_t>(header_.size()) + written_ * record_bytes();
  file.write(offset, plain.data_ptr(), data);
  file.write(offset + static_cast<std::int64_t>(data), sum.data(), sum.size());
  file.sync();
  ++written_;
}

}  // namespace hotshot::pipeline
