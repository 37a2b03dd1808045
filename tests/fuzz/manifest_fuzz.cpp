// Any bytes as a file with content credentials: refused or judged, and taken off or left.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "provenance/cbor.h"
#include "provenance/claim.h"
#include "provenance/cose.h"
#include "provenance/verify.h"

namespace {

template <class Action>
void refused_or_done(Action action) {
  try {
    action();
  } catch (const hotshot::InvalidArgument&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hotshot::provenance;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  refused_or_done([&] { cbor::encode(cbor::decode(bytes)); });
  refused_or_done([&] { read_claim(bytes); });
  refused_or_done([&] { signature_matches(parse_signature(bytes), "claim"); });
  const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  refused_or_done([&] { verify(path, {}); });
  refused_or_done([&] { without_manifest(path); });
  ::close(file);
  return 0;
}
