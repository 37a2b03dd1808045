// The parts that media containers are made of: MP4 boxes, RIFF and PNG chunks, GIF blocks, JPEG segments. Steps through
// a file from outside: each goes forward by at least one byte and stays within what holds it, or throws
// InvalidArgument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "media/byte_reader.h"

namespace hotshot::media {

/// One part of a container, as offsets in the file.
struct Part {
  std::uint64_t id = 0;     // of boxes and chunks four()
  std::uint64_t begin = 0;  // of the header
  std::uint64_t body = 0;   // of the content
  std::uint64_t end = 0;    // behind the content
  std::uint64_t next = 0;   // behind padding and checksums
};

/// A four-character code as a number, the first character highest.
constexpr std::uint32_t four(const char (&text)[5]) {
  return static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[0])) << 24 |
         static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[1])) << 16 |
         static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[2])) << 8 | static_cast<std::uint8_t>(text[3]);
}

/// The content of a part, at most 16 MiB.
std::string content_of(const ByteReader& file, const Part& part);

/// The ISO/IEC 14496-12 box at `offset`, within what ends at `end`.
Part box_at(const ByteReader& file, std::uint64_t offset, std::uint64_t end);
/// The first box `id` directly in [offset, end), if any.
std::optional<Part> find_box(const ByteReader& file, std::uint64_t offset, std::uint64_t end, std::uint64_t id);

/// Where the RIFF form of the file ends; never behind the file's end.
std::uint64_t riff_end(const ByteReader& file);
/// The chunk at `offset` (the first is at 12), within what ends at `end`.
Part riff_chunk_at(const ByteReader& file, std::uint64_t offset, std::uint64_t end);

/// The PNG chunk at `offset` (the first is at 8); next lies behind its checksum.
Part png_chunk_at(const ByteReader& file, std::uint64_t offset);

inline constexpr std::uint64_t kGifImage = 0x2C, kGifTrailer = 0x3B, kGifComment = 0x21FE, kGifApplication = 0x21FF;
/// Offset of the first block: behind the global colour table.
std::uint64_t gif_blocks_begin(const ByteReader& file);
/// The GIF block at `offset`: one of the ids above or another extension, 0x2100 and its label. The content is its
/// chain of sub-blocks.
Part gif_block_at(const ByteReader& file, std::uint64_t offset);
/// What the sub-blocks of `block` hold, the first `skip` of them left out; at most 16 MiB.
std::string gif_content(const ByteReader& file, const Part& block, int skip = 0);

inline constexpr std::uint64_t kJpegEnd = 0xD9, kJpegScan = 0xDA, kJpegApp0 = 0xE0, kJpegApp1 = 0xE1, kJpegApp11 = 0xEB;
/// The JPEG segment at `offset` (the first is at 2), fill bytes passed over. Its id is the marker's second byte; the
/// markers that stand alone, as kJpegEnd, have no content. Behind kJpegScan lie no segments but coded pixels.
Part jpeg_segment_at(const ByteReader& file, std::uint64_t offset);

}  // namespace hotshot::media
