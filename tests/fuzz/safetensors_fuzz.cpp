// Any bytes as a .safetensors file: refused, or every byte of every tensor can be read.
#include <ATen/core/Tensor.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "weights/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  try {
    for (const auto& [name, tensor] :
         hotshot::weights::read_safetensors("/proc/self/fd/" + std::to_string(file)).tensors) {
      const volatile auto* bytes = static_cast<const std::uint8_t*>(tensor.data_ptr());
      for (std::size_t i = 0; i < tensor.nbytes(); ++i) static_cast<void>(bytes[i]);
    }
  } catch (const hotshot::InvalidArgument&) {
  }
  ::close(file);
  return 0;
}
