// GIF: an application extension before the first picture.
#include "base/error.h"
#include "media/container.h"
#include "provenance/embedding.h"

namespace hotshot::provenance {
namespace {

using media::ByteReader;
using media::Part;

constexpr std::string_view kName(
    "\x0B"
    "C2PA_GIF\x01\x00\x00",
    12);  // a sub-block: identifier and version 1.0

}  // namespace

std::optional<Embedded> find_in_gif(const ByteReader& file) {
  for (std::uint64_t offset = media::gif_blocks_begin(file);;) {
    const Part block = media::gif_block_at(file, offset);
    if (block.id == media::kGifTrailer || block.id == media::kGifImage) return std::nullopt;
    const bool named = block.id == media::kGifApplication && block.end - block.body > kName.size() &&
                       file.bytes(block.body, 9) == kName.substr(0, 9);
    if (named) return Embedded{{block.begin, block.end}, media::gif_content(file, block, 1)};
    offset = block.next;
  }
}

std::uint64_t place_in_gif(const ByteReader& file) {
  require(file.bytes(0, 6) == "GIF89a", "signing", "{}: expected a GIF89a but got an older one", file.name());
  return media::gif_blocks_begin(file);
}

std::string wrap_for_gif(std::string_view store) {
  std::string block = "\x21\xFF";
  block += kName;
  for (std::size_t i = 0; i < store.size(); i += 255) {
    const std::string_view piece = store.substr(i, 255);
    block += static_cast<char>(piece.size());
    block += piece;
  }
  return block += '\0';
}

}  // namespace hotshot::provenance
