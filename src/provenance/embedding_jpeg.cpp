// JPEG: APP11 segments (ISO/IEC 18477-3), each with a piece of the superbox behind a repeated header.
#include "media/container.h"
#include "provenance/embedding.h"

namespace hotshot::provenance {
namespace {

using media::ByteReader;
using media::Part;

constexpr std::size_t kHeader = 8;         // of a segment's content: "JP", instance, sequence number
constexpr std::size_t kBoxHeader = 8;      // of the superbox: length and type
constexpr std::size_t kMostPiece = 65000;  // of the superbox in one segment
constexpr std::uint64_t kInstance = 1;

}  // namespace

std::optional<Embedded> find_in_jpeg(const ByteReader& file) {
  std::optional<Embedded> found;
  std::uint64_t instance = 0;
  for (std::uint64_t offset = 2;;) {
    const Part segment = media::jpeg_segment_at(file, offset);
    if (segment.id == media::kJpegScan || segment.id == media::kJpegEnd) return found;
    offset = segment.next;
    if (segment.id != media::kJpegApp11 || segment.end - segment.body < kHeader + 24) continue;
    const std::string bytes = media::content_of(file, segment);
    const std::uint64_t name = file.big(segment.body + 2, 2);
    if (!bytes.starts_with("JP")) continue;
    if (!found) {
      // Superbox header, header of its description, then its type.
      if (bytes.substr(kHeader + 4, 4) != "jumb" || bytes.substr(kHeader + 16, 4) != "c2pa") continue;
      instance = name;
      found = Embedded{{segment.begin, segment.next}, bytes.substr(kHeader)};
    } else if (name == instance && segment.begin == found->block.end) {
      found->block.end = segment.next;
      found->store += bytes.substr(kHeader + kBoxHeader);
    }
    if (found->store.size() > (16u << 20)) file.damaged("its manifest store is unreasonably large");
  }
}

// JFIF and Exif want to be first.
std::uint64_t place_in_jpeg(const ByteReader& file) {
  for (std::uint64_t offset = 2;;) {
    const Part segment = media::jpeg_segment_at(file, offset);
    if (segment.id != media::kJpegApp0 && segment.id != media::kJpegApp1) return offset;
    offset = segment.next;
  }
}

std::string wrap_for_jpeg(std::string_view store) {
  const std::string_view box_header = store.substr(0, kBoxHeader);
  std::string block;
  std::uint64_t sequence = 0;
  for (std::size_t at = kBoxHeader; at < store.size(); at += kMostPiece) {
    const std::string_view piece = store.substr(at, kMostPiece);
    const std::size_t length = 2 + kHeader + kBoxHeader + piece.size();
    block += "\xFF\xEB" + big_endian(length, 2) + "JP" + big_endian(kInstance, 2) + big_endian(++sequence, 4);
    block += box_header;
    block += piece;
  }
  return block;
}

}  // namespace hotshot::provenance
