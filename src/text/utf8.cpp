#include "text/utf8.h"

#include <algorithm>
#include <array>

namespace hotshot::text {
namespace {

bool is_trail(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_scalar(char32_t value) { return value < 0xD800 || (value >= 0xE000 && value <= 0x10FFFF); }

}  // namespace

std::optional<CodePoint> first_code_point(std::string_view utf8) {
  if (utf8.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(utf8[0]);
  if (lead < 0x80) return CodePoint{lead, 1};
  const std::size_t bytes = (lead & 0xE0) == 0xC0 ? 2 : (lead & 0xF0) == 0xE0 ? 3 : (lead & 0xF8) == 0xF0 ? 4 : 0;
  if (bytes == 0 || utf8.size() < bytes) return std::nullopt;
  char32_t value = lead & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (!is_trail(utf8[i])) return std::nullopt;
    value = value << 6 | (static_cast<unsigned char>(utf8[i]) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[bytes] || !is_scalar(value)) return std::nullopt;
  return CodePoint{value, bytes};
}

std::optional<std::size_t> find_malformed(std::string_view utf8) {
  for (std::size_t at = 0; at < utf8.size();) {
    const auto character = first_code_point(utf8.substr(at));
    if (!character) return at;
    at += character->bytes;
  }
  return std::nullopt;
}

std::size_t count_code_points(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) { return !is_trail(byte); }));
}

void append_code_point(std::string& utf8, char32_t value) {
  const auto trail = [&](int shift) { utf8.push_back(static_cast<char>(0x80 | (value >> shift & 0x3F))); };
  if (value < 0x80) {
    utf8.push_back(static_cast<char>(value));
  } else if (value < 0x800) {
    utf8.push_back(static_cast<char>(0xC0 | value >> 6));
    trail(0);
  } else if (value < 0x10000) {
    utf8.push_back(static_cast<char>(0xE0 | value >> 12));
    trail(6);
    trail(0);
  } else {
    utf8.push_back(static_cast<char>(0xF0 | value >> 18));
    trail(12);
    trail(6);
    trail(0);
  }
}

}  // namespace hotshot::text
