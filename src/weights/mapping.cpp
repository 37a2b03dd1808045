#include "weights/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace hotshot::weights {

Mapping::Mapping(const InputFile& file) : size_(file.size()) {
  if (size_ == 0) return;
  void* const address =
      ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.descriptor(), 0);
  ensure(address != MAP_FAILED, "weights", "cannot map {} bytes: {}", size_, std::strerror(errno));
  data_ = static_cast<std::byte*>(address);
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace hotshot::weights
