// Where each container keeps its recipe. Every loop moves forward by at least one byte and ends at the file's end.
#include <algorithm>
#include <bit>

#include "base/error.h"
#include "media/container.h"
#include "media/format.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

// --- WebM: EBML (RFC 8794) ---

struct Variable {
  std::uint64_t value = 0;
  int length = 0;
  bool unknown = false;  // all value bits set: a size not known when the header was written
};

Variable variable_at(const ByteReader& file, std::uint64_t offset, bool keep_marker) {
  const auto first = static_cast<std::uint8_t>(file.big(offset, 1));
  const int length = std::countl_zero(first) + 1;
  if (length > 8) file.damaged("an EBML number has no length");
  const std::uint64_t raw = file.big(offset, length);
  const std::uint64_t mask = (std::uint64_t{1} << (7 * length)) - 1;
  return {keep_marker ? raw : raw & mask, length, (raw & mask) == mask};
}

Part element_at(const ByteReader& file, std::uint64_t offset, std::uint64_t end) {
  const Variable id = variable_at(file, offset, true);
  const Variable size = variable_at(file, offset + id.length, false);
  const std::uint64_t body = offset + id.length + size.length;
  if (body > end || (!size.unknown && size.value > end - body)) file.damaged("an element is longer than what holds it");
  const std::uint64_t behind = size.unknown ? end : body + size.value;
  return {id.value, offset, body, behind, behind};
}

constexpr std::uint64_t kEbmlSegment = 0x18538067, kEbmlTags = 0x1254C367, kEbmlTag = 0x7373, kEbmlSimpleTag = 0x67C8,
                        kEbmlTagName = 0x45A3, kEbmlTagString = 0x4487;

/// Calls visit(element) for the elements directly in [offset, end) that have this id.
template <class Visit>
void for_each_element(const ByteReader& file, std::uint64_t offset, std::uint64_t end, std::uint64_t id, Visit visit) {
  while (offset < end) {
    const Part element = element_at(file, offset, end);
    if (element.id == id) visit(element);
    offset = element.next;
  }
}

}  // namespace

std::optional<std::string> mp4_recipe(const ByteReader& file) {
  Part box{.end = file.size()};
  for (const std::uint64_t id : {four("moov"), four("udta"), four("meta"), four("ilst"),
                                 four("\xA9"
                                      "cmt"),
                                 four("data")}) {
    const std::optional<Part> found = find_box(file, box.body, box.end, id);
    if (!found) return std::nullopt;
    box = *found;
    if (id == four("meta")) box.body += 4;  // version and flags
    if (box.body > box.end) file.damaged("a box ends early");
  }
  if (box.end - box.body < 8) file.damaged("a metadata value ends early");
  return file.bytes(box.body + 8, box.end - box.body - 8);  // behind type and locale
}

std::optional<std::string> webm_tag(const ByteReader& file, std::string_view wanted) {
  std::optional<std::string> value_of_tag;
  const auto simple_tag = [&](const Part& simple) {
    std::string name, value;
    const auto keep = [&](std::string& text) { return [&](const Part& p) { text = content_of(file, p); }; };
    for_each_element(file, simple.body, simple.end, kEbmlTagName, keep(name));
    for_each_element(file, simple.body, simple.end, kEbmlTagString, keep(value));
    if (name == wanted && !value_of_tag) value_of_tag = value;
  };
  const auto tag = [&](const Part& part) { for_each_element(file, part.body, part.end, kEbmlSimpleTag, simple_tag); };
  std::uint64_t offset = 0;
  while (offset < file.size() && !value_of_tag) {
    const Part element = element_at(file, offset, file.size());
    if (element.id == kEbmlTags) for_each_element(file, element.body, element.end, kEbmlTag, tag);
    offset = element.id == kEbmlSegment ? element.body : element.next;
  }
  return value_of_tag;
}

std::optional<std::string> webm_recipe(const ByteReader& file) { return webm_tag(file, "COMMENT"); }

std::optional<std::string> gif_recipe(const ByteReader& file) {
  for (std::uint64_t offset = gif_blocks_begin(file);;) {
    const Part block = gif_block_at(file, offset);
    if (block.id == kGifTrailer) return std::nullopt;
    if (block.id == kGifComment) return gif_content(file, block);
    offset = block.next;
  }
}

void check_gif_complete(const ByteReader& file) {
  std::uint64_t offset = gif_blocks_begin(file);
  for (Part block; block.id != kGifTrailer; offset = block.next) block = gif_block_at(file, offset);
}

std::optional<std::string> png_recipe(const ByteReader& file) { return png_itxt(file, "recipe"); }

}  // namespace hotshot::media
