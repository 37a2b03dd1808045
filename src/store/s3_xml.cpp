#include "store/s3_xml.h"

#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"

namespace hotshot::store {
namespace {

constexpr auto kEntities = std::to_array<std::pair<std::string_view, char>>(
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}});

// "amp" or "#x26"; 0 for what is none. Keys, tags and tokens are ASCII, so other characters do not come up.
char character_of(std::string_view entity) {
  for (const auto& [name, character] : kEntities) {
    if (entity == name) return character;
  }
  if (!entity.starts_with('#')) return 0;
  entity.remove_prefix(1);
  const bool hexadecimal = entity.starts_with('x');
  if (hexadecimal) entity.remove_prefix(1);
  int code = 0;
  const auto [end, error] = std::from_chars(entity.data(), entity.data() + entity.size(), code, hexadecimal ? 16 : 10);
  const bool whole = error == std::errc() && end == entity.data() + entity.size();
  return whole && code > 0 && code < 0x80 ? static_cast<char>(code) : 0;
}

std::string resolved(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto end = text.front() == '&' ? text.find(';') : std::string_view::npos;
    const char character = end == std::string_view::npos ? 0 : character_of(text.substr(1, end - 1));
    plain += character ? character : text.front();
    text.remove_prefix(character ? end + 1 : 1);
  }
  return plain;
}

}  // namespace

std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view tag) {
  const std::string open = fmt::format("<{}", tag), close = fmt::format("</{}>", tag);
  std::vector<std::string_view> elements;
  for (std::size_t at = 0; (at = xml.find(open, at)) != std::string_view::npos;) {
    at += open.size();
    if (at >= xml.size() || std::string_view(" >\n\t\r").find(xml[at]) == std::string_view::npos) continue;
    const auto begin = xml.find('>', at);
    const auto end = xml.find(close, at);
    if (begin == std::string_view::npos || end == std::string_view::npos) break;
    if (begin < end && xml[begin - 1] != '/') elements.push_back(xml.substr(begin + 1, end - begin - 1));
    at = begin < end && xml[begin - 1] != '/' ? end + close.size() : begin + 1;
  }
  return elements;
}

std::string xml_text(std::string_view xml, std::string_view tag) {
  const auto elements = xml_elements(xml, tag);
  return elements.empty() ? "" : resolved(elements.front());
}

}  // namespace hotshot::store
