#include "media/xmp.h"

#include <algorithm>

#include "base/error.h"
#include "media/container.h"

namespace hotshot::media {
namespace {

constexpr std::string_view kRecipeBegin = "<hotshot:recipe>", kRecipeEnd = "</hotshot:recipe>";
constexpr std::string_view kSourceName = "DigitalSourceType", kExtensionName = "HasExtendedXMP";

struct Escape {
  char plain;
  std::string_view escaped;
};
// A bare carriage return would come back as a newline from an XML parser.
constexpr Escape kEscapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'\r', "&#13;"}};

std::string escaped(std::string_view plain) {
  std::string text;
  for (const char c : plain) {
    const auto escape =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [c](const Escape& e) { return e.plain == c; });
    if (escape == std::end(kEscapes)) {
      text += c;
    } else {
      text += escape->escaped;
    }
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    const auto escape = std::find_if(std::begin(kEscapes), std::end(kEscapes),
                                     [&](const Escape& e) { return text.substr(i).starts_with(e.escaped); });
    plain += escape == std::end(kEscapes) ? text[i] : escape->plain;
    i += escape == std::end(kEscapes) ? 1 : escape->escaped.size();
  }
  return plain;
}

// As an element, an attribute, or an element with an rdf:resource: the value stands behind the next quote or bracket.
std::optional<std::string> property(std::string_view packet, std::string_view wanted) {
  const std::size_t name = packet.find(wanted);
  if (name == std::string_view::npos) return std::nullopt;
  const std::size_t open = packet.find_first_of("\"'>", name + wanted.size());
  if (open == std::string_view::npos) return std::nullopt;
  const std::size_t close = packet.find(packet[open] == '>' ? '<' : packet[open], open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return unescaped(packet.substr(open + 1, close - open - 1));
}

}  // namespace

std::string xmp_element(const Xmp& xmp) {
  std::string said, names;
  if (!xmp.extension.empty()) {
    names += " xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\"";
    said += fmt::format("<xmpNote:{0}>{1}</xmpNote:{0}>", kExtensionName, escaped(xmp.extension));
  }
  if (!xmp.digital_source.empty()) {
    names += " xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"";
    said += fmt::format("<Iptc4xmpExt:{0}>{1}</Iptc4xmpExt:{0}>", kSourceName, escaped(xmp.digital_source));
  }
  if (!xmp.recipe.empty()) {
    names += " xmlns:hotshot=\"urn:hotshot:1\"";
    said += fmt::format("{}{}{}", kRecipeBegin, escaped(xmp.recipe), kRecipeEnd);
  }
  return fmt::format(
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
      "<rdf:Description rdf:about=\"\"{}>{}</rdf:Description></rdf:RDF></x:xmpmeta>",
      names, said);
}

std::string xmp_packet(const Xmp& xmp) {
  return fmt::format("<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n{}\n<?xpacket end=\"r\"?>",
                     xmp_element(xmp));
}

std::optional<std::string> recipe_of_xmp(std::string_view packet) {
  const std::size_t begin = packet.find(kRecipeBegin), end = packet.find(kRecipeEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  return unescaped(packet.substr(begin + kRecipeBegin.size(), end - begin - kRecipeBegin.size()));
}

std::optional<std::string> source_of_xmp(std::string_view packet) { return property(packet, kSourceName); }
std::optional<std::string> extension_of_xmp(std::string_view packet) { return property(packet, kExtensionName); }

std::optional<std::string> mp4_xmp(const ByteReader& file) {
  for (std::uint64_t offset = 0; offset < file.size();) {
    const Part box = box_at(file, offset, file.size());
    const std::uint64_t type_bytes = kMp4XmpType.size();
    if (box.id == four("uuid") && box.end - box.body >= type_bytes && file.bytes(box.body, type_bytes) == kMp4XmpType)
      return file.bytes(box.body + type_bytes, box.end - box.body - type_bytes);
    offset = box.next;
  }
  return std::nullopt;
}

std::optional<std::string> gif_xmp(const ByteReader& file) {
  for (std::uint64_t offset = gif_blocks_begin(file);;) {
    const Part block = gif_block_at(file, offset);
    if (block.id == kGifTrailer) return std::nullopt;
    const std::uint64_t name = std::min<std::uint64_t>(kGifXmpName.size(), block.end - block.body);
    if (block.id == kGifApplication && file.bytes(block.body, name) == kGifXmpName)
      return file.bytes(block.body + name, block.end - block.body - name);
    offset = block.next;
  }
}

std::optional<std::string> webp_xmp(const ByteReader& file) {
  const std::uint64_t end = riff_end(file);
  for (std::uint64_t offset = 12; offset < end;) {
    const Part chunk = riff_chunk_at(file, offset, end);
    if (chunk.id == four("XMP ")) return content_of(file, chunk);
    offset = chunk.next;
  }
  return std::nullopt;
}

std::optional<std::string> png_itxt(const ByteReader& file, std::string_view keyword) {
  // Keyword, NUL, not compressed, method 0, empty language, NUL, empty translated keyword, NUL.
  const std::string prefix = std::string(keyword) + std::string(5, '\0');
  for (std::uint64_t offset = 8;;) {
    const Part chunk = png_chunk_at(file, offset);
    if (chunk.id == four("IEND")) return std::nullopt;
    if (chunk.id == four("iTXt")) {
      const std::string text = content_of(file, chunk);
      if (text.starts_with(prefix)) return text.substr(prefix.size());
    }
    offset = chunk.next;
  }
}

std::optional<std::string> png_xmp(const ByteReader& file) { return png_itxt(file, kPngXmpKeyword); }

std::string gif_xmp_trailer() {
  std::string trailer(1, '\x01');
  for (int byte = 255; byte >= 0; --byte) trailer += static_cast<char>(byte);
  return trailer + '\0';
}

}  // namespace hotshot::media
