// RIFF (WebP, WAV, AVI): the last chunk.
#include <algorithm>
#include <limits>

#include "base/error.h"
#include "media/container.h"
#include "provenance/embedding.h"

namespace hotshot::provenance {
namespace {

using media::ByteReader;
using media::four;

std::string little_endian_32(std::uint64_t number) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 255);
  return out;
}

}  // namespace

std::optional<Embedded> find_in_riff(const ByteReader& file) {
  const std::uint64_t end = media::riff_end(file);
  for (std::uint64_t offset = 12; offset < end;) {
    const media::Part chunk = media::riff_chunk_at(file, offset, end);
    if (chunk.id == four("C2PA"))
      return Embedded{{chunk.begin, std::min(chunk.next, end)}, media::content_of(file, chunk)};
    offset = chunk.next;
  }
  return std::nullopt;
}

std::uint64_t place_in_riff(const ByteReader& file) {
  const std::uint64_t end = media::riff_end(file);
  require(end == file.size() && end % 2 == 0, "signing", "{}: expected a file of one RIFF form and nothing behind it",
          file.name());
  return end;
}

std::string wrap_for_riff(std::string_view store) {
  std::string block = "C2PA" + little_endian_32(store.size());
  block += store;
  if (store.size() % 2) block += '\0';
  return block;
}

std::vector<Patch> patches_of_riff(const ByteReader& file, std::uint64_t, std::int64_t grows) {
  const std::uint64_t size = file.little(4, 4) + static_cast<std::uint64_t>(grows);
  require(size <= std::numeric_limits<std::uint32_t>::max(), "signing", "{}: expected a file of less than 4 GiB",
          file.name());
  return {{4, little_endian_32(size)}};
}

}  // namespace hotshot::provenance
