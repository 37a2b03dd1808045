// XMP in JPEG (XMP Specification, part 3, 1.1.3): one APP1 segment, and an extension in more of them where that is too
// small. The packet names its extension by the MD5 of its text; each piece says the name, the whole length and where it
// begins.
#include <algorithm>

#include "base/error.h"
#include "media/container.h"
#include "media/xmp.h"

extern "C" {
#include <libavutil/md5.h>
}

namespace hotshot::media {
namespace {

constexpr std::string_view kPacketName("http://ns.adobe.com/xap/1.0/", 29);  // these two with their NUL
constexpr std::string_view kPieceName("http://ns.adobe.com/xmp/extension/", 35);
constexpr std::size_t kMostPacket = 65502, kMostPiece = 65458;  // bytes that fit a segment behind its names
constexpr std::size_t kDigestLetters = 32, kPieceHeader = kDigestLetters + 8;
constexpr std::size_t kMostBytes = 16u << 20;

std::string md5_letters(std::string_view text) {
  std::uint8_t digest[16];
  av_md5_sum(digest, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  std::string letters;
  for (const std::uint8_t byte : digest) letters += fmt::format("{:02X}", byte);
  return letters;
}

std::string big_endian_32(std::size_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 255);
  return bytes;
}

std::size_t big_endian_32_at(std::string_view bytes, std::size_t at) {
  std::size_t number = 0;
  for (const char c : bytes.substr(at, 4)) number = number << 8 | static_cast<std::uint8_t>(c);
  return number;
}

/// The extension of that name, put together from the pieces in a file (without kPieceName); empty unless it is whole.
std::string join(std::vector<std::string> pieces, std::string_view name) {
  std::erase_if(pieces,
                [&](const std::string& piece) { return piece.size() < kPieceHeader || !piece.starts_with(name); });
  if (pieces.empty() || name.size() != kDigestLetters) return {};
  const auto begin = [](const std::string& piece) { return big_endian_32_at(piece, kDigestLetters + 4); };
  std::stable_sort(pieces.begin(), pieces.end(), [&](const auto& a, const auto& b) { return begin(a) < begin(b); });
  std::string text;
  for (const std::string& piece : pieces) {
    if (begin(piece) == text.size()) text += piece.substr(kPieceHeader);
  }
  return text.size() == big_endian_32_at(pieces.front(), kDigestLetters) ? text : "";
}

}  // namespace

std::vector<std::string> jpeg_xmp_segments(const Xmp& xmp) {
  if (xmp.empty()) return {};
  std::string packet = xmp_packet(xmp), rest;
  if (packet.size() > kMostPacket) {
    rest = xmp_element({.recipe = xmp.recipe});
    packet = xmp_packet({.digital_source = xmp.digital_source, .extension = md5_letters(rest)});
  }
  require(packet.size() <= kMostPacket, "encode", "expected a digital source that fits a JPEG but got {} bytes",
          xmp.digital_source.size());
  std::vector<std::string> segments{std::string(kPacketName) + packet};
  const std::string head = std::string(kPieceName) + md5_letters(rest) + big_endian_32(rest.size());
  for (std::size_t at = 0; at < rest.size(); at += kMostPiece)
    segments.push_back(head + big_endian_32(at) + rest.substr(at, kMostPiece));
  return segments;
}

std::optional<std::string> jpeg_xmp(const ByteReader& file) {
  std::optional<std::string> packet;
  std::vector<std::string> pieces;
  std::size_t bytes = 0;
  for (std::uint64_t offset = 2;;) {
    const Part segment = jpeg_segment_at(file, offset);
    if (segment.id == kJpegScan || segment.id == kJpegEnd) break;
    offset = segment.next;
    if (segment.id != kJpegApp1) continue;
    const std::string content = content_of(file, segment);
    if (!packet && content.starts_with(kPacketName)) packet = content.substr(kPacketName.size());
    if (!content.starts_with(kPieceName)) continue;
    pieces.push_back(content.substr(kPieceName.size()));
    if ((bytes += content.size()) > kMostBytes) file.damaged("its XMP is unreasonably large");
  }
  if (!packet) return std::nullopt;
  if (const auto extension = extension_of_xmp(*packet)) *packet += join(std::move(pieces), *extension);
  return packet;
}

}  // namespace hotshot::media
