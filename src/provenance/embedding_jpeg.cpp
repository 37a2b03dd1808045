// JPEG, read alone: APP11 segments (ISO/IEC 18477-3), each with a piece of the superbox behind a repeated header.
#include <algorithm>

#include "provenance/embedding.h"

namespace hotshot::provenance {
namespace {

constexpr std::uint64_t kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApp11 = 0xEB;
constexpr std::uint64_t kHeader = 8;  // of a segment: "JP", instance, sequence number

struct Segment {
  std::uint64_t marker = 0;
  Range range;         // with marker and length
  std::uint64_t body;  // behind both
};

/// The segment at `offset`, which begins with 0xFF.
Segment segment_at(const media::ByteReader& file, std::uint64_t offset) {
  if (file.big(offset, 1) != 0xFF) file.damaged("expected a JPEG marker");
  const std::uint64_t marker = file.big(offset + 1, 1);
  if (marker == kEndOfImage || marker == 0xFF) return {marker, {offset, offset + (marker == 0xFF ? 1 : 2)}, 0};
  const std::uint64_t length = file.big(offset + 2, 2);
  if (length < 2) file.damaged("a JPEG segment has no length");
  return {marker, {offset, offset + 2 + length}, offset + 4};
}

}  // namespace

std::optional<Embedded> find_in_jpeg(const media::ByteReader& file) {
  std::optional<Embedded> found;
  std::uint64_t instance = 0;
  for (std::uint64_t offset = 2;;) {
    const Segment segment = segment_at(file, offset);
    if (segment.marker == kStartOfScan || segment.marker == kEndOfImage) return found;
    offset = segment.range.end;
    if (segment.marker != kApp11 || segment.range.end - segment.body < kHeader + 24) continue;
    const std::string bytes = file.bytes(segment.body, segment.range.end - segment.body);
    const std::uint64_t name = file.big(segment.body + 2, 2);
    if (!bytes.starts_with("JP")) continue;
    if (!found) {
      // Superbox header, header of its description, then its type.
      if (bytes.substr(kHeader + 4, 4) != "jumb" || bytes.substr(kHeader + 16, 4) != "c2pa") continue;
      instance = name;
      found = Embedded{segment.range, bytes.substr(kHeader)};
    } else if (name == instance && segment.range.begin == found->block.end) {
      found->block.end = segment.range.end;
      found->store += bytes.substr(kHeader + 8);
    }
    if (found->store.size() > (16u << 20)) file.damaged("its manifest store is unreasonably large");
  }
}

}  // namespace hotshot::provenance
