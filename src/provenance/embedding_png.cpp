// PNG: a chunk `caBX` behind the header.
#include <algorithm>

#include "media/container.h"
#include "provenance/embedding.h"

namespace hotshot::provenance {
namespace {

using media::ByteReader;
using media::four;
using media::Part;

/// CRC-32 of ISO 3309, of a chunk's type and content.
std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
  }
  return ~crc;
}

}  // namespace

std::optional<Embedded> find_in_png(const ByteReader& file) {
  for (std::uint64_t offset = 8;;) {
    const Part chunk = media::png_chunk_at(file, offset);
    if (chunk.id == four("IEND")) return std::nullopt;
    if (chunk.id == four("caBX")) {
      std::string store = media::content_of(file, chunk);
      if (file.big(chunk.end, 4) != crc_of("caBX" + store)) file.damaged("the checksum of the manifest chunk is wrong");
      return Embedded{{chunk.begin, chunk.next}, std::move(store)};
    }
    offset = chunk.next;
  }
}

std::uint64_t place_in_png(const ByteReader& file) { return media::png_chunk_at(file, 8).next; }

std::string wrap_for_png(std::string_view store) {
  const std::string content = "caBX" + std::string(store);
  return big_endian(store.size(), 4) + content + big_endian(crc_of(content), 4);
}

}  // namespace hotshot::provenance
