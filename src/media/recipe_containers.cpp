// Where each container keeps its recipe. Every loop moves forward by at least one byte and ends at the file's end.
#include <algorithm>
#include <bit>

#include "base/error.h"
#include "media/format.h"

namespace hotshot::media {
namespace {

/// A part of a container: an MP4 box, an EBML element, a RIFF or PNG chunk.
struct Part {
  std::uint64_t id = 0;
  std::uint64_t body = 0;  // offset of the content
  std::uint64_t end = 0;   // behind the content
};

// --- MP4: ISO/IEC 14496-12 boxes; iTunes metadata below moov/udta/meta/ilst ---

constexpr std::uint32_t four(const char (&text)[5]) {
  return static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[0])) << 24 |
         static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[1])) << 16 |
         static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[2])) << 8 | static_cast<std::uint8_t>(text[3]);
}

Part box_at(const ByteReader& file, std::uint64_t offset, std::uint64_t end) {
  if (end - offset < 8) file.damaged("a box ends early");
  std::uint64_t size = file.big(offset, 4), header = 8;
  const std::uint64_t id = file.big(offset + 4, 4);
  if (size == 1) size = file.big(offset + 8, 8), header = 16;
  if (size == 0) size = end - offset;
  if (size < header || size > end - offset) file.damaged("a box is longer than what holds it");
  return {id, offset + header, offset + size};
}

/// The first box `id` in [offset, end), if any.
std::optional<Part> find_box(const ByteReader& file, std::uint64_t offset, std::uint64_t end, std::uint64_t id) {
  while (offset < end) {
    const Part box = box_at(file, offset, end);
    if (box.id == id) return box;
    offset = box.end;
  }
  return std::nullopt;
}

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
  return {id.value, body, size.unknown ? end : body + size.value};
}

constexpr std::uint64_t kEbmlSegment = 0x18538067, kEbmlTags = 0x1254C367, kEbmlTag = 0x7373, kEbmlSimpleTag = 0x67C8,
                        kEbmlTagName = 0x45A3, kEbmlTagString = 0x4487;

/// Calls visit(element) for the elements directly in [offset, end) that have this id.
template <class Visit>
void for_each_element(const ByteReader& file, std::uint64_t offset, std::uint64_t end, std::uint64_t id, Visit visit) {
  while (offset < end) {
    const Part element = element_at(file, offset, end);
    if (element.id == id) visit(element);
    offset = element.end;
  }
}

std::string text_of(const ByteReader& file, const Part& part) { return file.bytes(part.body, part.end - part.body); }

// --- GIF ---

/// Offset behind a chain of sub-blocks; their content goes to `content` unless null.
std::uint64_t pass_blocks(const ByteReader& file, std::uint64_t offset, std::string* content) {
  for (;;) {
    const std::uint64_t length = file.big(offset++, 1);
    if (length == 0) return offset;
    if (content) *content += file.bytes(offset, length);
    offset += length;
  }
}

std::uint64_t colour_table_bytes(std::uint64_t flags) { return flags & 0x80 ? 3ull << ((flags & 7) + 1) : 0; }

/// The first comment where one is wanted; else walks every block up to the trailer.
std::optional<std::string> walk_gif(const ByteReader& file, bool want_comment) {
  std::uint64_t offset = 13 + colour_table_bytes(file.big(10, 1));
  for (;;) {
    const std::uint64_t kind = file.big(offset++, 1);
    if (kind == 0x3B) return std::nullopt;
    if (kind == 0x21) {
      const bool comment = file.big(offset++, 1) == 0xFE && want_comment;
      std::string text;
      offset = pass_blocks(file, offset, comment ? &text : nullptr);
      if (comment) return text;
    } else if (kind == 0x2C) {
      offset += 9 + colour_table_bytes(file.big(offset + 8, 1));
      offset = pass_blocks(file, offset + 1, nullptr);
    } else {
      file.damaged(fmt::format("expected a GIF block but got byte {}", kind));
    }
  }
}

}  // namespace

std::optional<std::string> mp4_recipe(const ByteReader& file) {
  Part box{0, 0, file.size()};
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

std::optional<std::string> webm_recipe(const ByteReader& file) {
  std::optional<std::string> recipe;
  const auto simple_tag = [&](const Part& simple) {
    std::string name, value;
    for_each_element(file, simple.body, simple.end, kEbmlTagName, [&](const Part& p) { name = text_of(file, p); });
    for_each_element(file, simple.body, simple.end, kEbmlTagString, [&](const Part& p) { value = text_of(file, p); });
    if (name == "COMMENT" && !recipe) recipe = value;
  };
  const auto tag = [&](const Part& part) { for_each_element(file, part.body, part.end, kEbmlSimpleTag, simple_tag); };
  std::uint64_t offset = 0;
  while (offset < file.size() && !recipe) {
    const Part element = element_at(file, offset, file.size());
    if (element.id == kEbmlTags) for_each_element(file, element.body, element.end, kEbmlTag, tag);
    offset = element.id == kEbmlSegment ? element.body : element.end;
  }
  return recipe;
}

std::optional<std::string> gif_recipe(const ByteReader& file) { return walk_gif(file, true); }

void check_gif_complete(const ByteReader& file) { walk_gif(file, false); }

std::optional<std::string> webp_recipe(const ByteReader& file) {
  const std::uint64_t end = 8 + file.little(4, 4);
  if (end > file.size()) file.damaged("it ends early");
  for (std::uint64_t offset = 12; offset < end;) {
    const std::uint64_t id = file.big(offset, 4), size = file.little(offset + 4, 4);
    if (size > end - std::min(end, offset + 8)) file.damaged("a chunk is longer than the file");
    if (id == four("XMP ")) return recipe_of_xmp(file.bytes(offset + 8, size));
    offset += 8 + size + (size & 1);
  }
  return std::nullopt;
}

std::optional<std::string> png_recipe(const ByteReader& file) {
  // keyword, NUL, not compressed, method 0, empty language, NUL, empty translated keyword, NUL
  const std::string prefix("recipe\0\0\0\0\0", 11);
  for (std::uint64_t offset = 8;;) {
    const std::uint64_t size = file.big(offset, 4), id = file.big(offset + 4, 4);
    if (size > file.size()) file.damaged("a chunk is longer than the file");
    if (id == four("IEND")) return std::nullopt;
    if (id == four("iTXt")) {
      const std::string text = file.bytes(offset + 8, size);
      if (text.starts_with(prefix)) return text.substr(prefix.size());
    }
    offset += 12 + size;
  }
}

}  // namespace hotshot::media
