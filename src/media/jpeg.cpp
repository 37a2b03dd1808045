#include "media/jpeg.h"

#include <algorithm>

#include "base/error.h"
#include "media/container.h"

namespace hotshot::media {
namespace {

constexpr std::string_view kExifName("Exif\0", 6);  // and a second NUL
constexpr std::uint64_t kOrientationTag = 0x0112, kShort = 3;
constexpr std::uint64_t kBlock = 64 << 10;

/// A TIFF structure of at most one segment, in whichever order of bytes; reads as zero past its end.
class Tiff {
 public:
  explicit Tiff(std::string_view bytes) : bytes_(bytes), big_(bytes.starts_with("MM")) {}

  std::uint64_t number(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value = value << 8 | static_cast<std::uint8_t>(bytes_[at + (big_ ? i : count - 1 - i)]);
    return value;
  }

 private:
  std::string_view bytes_;
  bool big_;
};

/// The value 1 to 8 of the tag in the first directory; 1 where it is not there.
int exif_orientation(const Tiff& tiff) {
  if (tiff.number(2, 2) != 42) return 1;
  const std::size_t directory = tiff.number(4, 4);
  const std::size_t entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (tiff.number(entry, 2) != kOrientationTag || tiff.number(entry + 2, 2) != kShort) continue;
    const std::uint64_t value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

/// Behind the coded pixels from `offset` on: where the next marker is that is neither a stuffed byte nor a restart.
std::uint64_t pass_pixels(const ByteReader& file, std::uint64_t offset) {
  while (offset + 1 < file.size()) {
    const std::string bytes = file.bytes(offset, std::min(kBlock, file.size() - offset));
    for (std::size_t at = 0; (at = bytes.find('\xFF', at)) < bytes.size() - 1; ++at) {
      const auto next = static_cast<std::uint8_t>(bytes[at + 1]);
      if (next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) return offset + at;
    }
    offset += bytes.size() - 1;  // the last byte may begin a marker
  }
  file.damaged("it ends early");
}

}  // namespace

Orientation jpeg_orientation(const ByteReader& file) try {
  for (std::uint64_t offset = 2;;) {
    const Part segment = jpeg_segment_at(file, offset);
    if (segment.id == kJpegScan || segment.id == kJpegEnd) return {};
    if (segment.id == kJpegApp1) {
      const std::string content = content_of(file, segment);
      if (content.starts_with(kExifName))
        return Orientation::of_exif(exif_orientation(Tiff(std::string_view(content).substr(kExifName.size()))));
    }
    offset = segment.next;
  }
} catch (const InvalidArgument&) {
  return {};  // whoever decodes the picture says what is wrong with it
}

void check_jpeg_complete(const ByteReader& file) {
  for (std::uint64_t offset = 2;;) {
    const Part segment = jpeg_segment_at(file, offset);
    if (segment.id == kJpegEnd) return;
    offset = segment.id == kJpegScan ? pass_pixels(file, segment.next) : segment.next;
  }
}

}  // namespace hotshot::media
