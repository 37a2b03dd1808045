#include "media/container.h"

#include <algorithm>

#include "base/error.h"

namespace hotshot::media {
namespace {

std::uint64_t colour_table_bytes(std::uint64_t flags) { return flags & 0x80 ? 3ull << ((flags & 7) + 1) : 0; }

/// Offset behind a chain of sub-blocks.
std::uint64_t pass_blocks(const ByteReader& file, std::uint64_t offset) {
  for (;;) {
    const std::uint64_t length = file.big(offset++, 1);
    if (length == 0) return offset;
    offset += length;
  }
}

}  // namespace

std::string content_of(const ByteReader& file, const Part& part) { return file.bytes(part.body, part.end - part.body); }

Part box_at(const ByteReader& file, std::uint64_t offset, std::uint64_t end) {
  if (end - offset < 8) file.damaged("a box ends early");
  std::uint64_t size = file.big(offset, 4), header = 8;
  const std::uint64_t id = file.big(offset + 4, 4);
  if (size == 1) size = file.big(offset + 8, 8), header = 16;
  if (size == 0) size = end - offset;
  if (size < header || size > end - offset) file.damaged("a box is longer than what holds it");
  return {id, offset, offset + header, offset + size, offset + size};
}

std::optional<Part> find_box(const ByteReader& file, std::uint64_t offset, std::uint64_t end, std::uint64_t id) {
  while (offset < end) {
    const Part box = box_at(file, offset, end);
    if (box.id == id) return box;
    offset = box.next;
  }
  return std::nullopt;
}

std::uint64_t riff_end(const ByteReader& file) {
  const std::uint64_t end = 8 + file.little(4, 4);
  if (end > file.size()) file.damaged("it ends early");
  return end;
}

Part riff_chunk_at(const ByteReader& file, std::uint64_t offset, std::uint64_t end) {
  const std::uint64_t id = file.big(offset, 4), size = file.little(offset + 4, 4), body = offset + 8;
  if (size > end - std::min(end, body)) file.damaged("a chunk is longer than the file");
  return {id, offset, body, body + size, body + size + (size & 1)};
}

Part png_chunk_at(const ByteReader& file, std::uint64_t offset) {
  const std::uint64_t size = file.big(offset, 4), id = file.big(offset + 4, 4), body = offset + 8;
  if (size > file.size()) file.damaged("a chunk is longer than the file");
  return {id, offset, body, body + size, body + size + 4};
}

std::uint64_t gif_blocks_begin(const ByteReader& file) { return 13 + colour_table_bytes(file.big(10, 1)); }

Part gif_block_at(const ByteReader& file, std::uint64_t offset) {
  Part block{file.big(offset, 1), offset, offset + 1, offset + 1, offset + 1};
  if (block.id == kGifTrailer) return block;
  if (block.id == 0x21) {
    block.id = 0x2100 | file.big(offset + 1, 1);
    block.body = offset + 2;
  } else if (block.id == kGifImage) {
    block.body = offset + 11 + colour_table_bytes(file.big(offset + 9, 1));
  } else {
    file.damaged(fmt::format("expected a GIF block but got byte {}", block.id));
  }
  block.end = block.next = pass_blocks(file, block.body);
  return block;
}

std::string gif_content(const ByteReader& file, const Part& block, int skip) {
  std::string content;
  for (std::uint64_t offset = block.body; offset < block.end; --skip) {
    const std::uint64_t length = file.big(offset++, 1);
    if (skip <= 0) content += file.bytes(offset, length);
    if (content.size() > (16u << 20)) file.damaged("a part of it is unreasonably large");
    offset += length;
  }
  return content;
}

Part jpeg_segment_at(const ByteReader& file, std::uint64_t offset) {
  if (file.big(offset, 1) != 0xFF) file.damaged("expected a JPEG marker");
  while (file.big(offset + 1, 1) == 0xFF) ++offset;
  const std::uint64_t id = file.big(offset + 1, 1), body = offset + 2;
  const bool alone = id == 0x01 || (id >= 0xD0 && id <= kJpegEnd);
  if (alone) return {id, offset, body, body, body};
  const std::uint64_t length = file.big(body, 2);
  if (length < 2) file.damaged("a JPEG segment has no length");
  return {id, offset, body + 2, body + length, body + length};
}

}  // namespace hotshot::media
