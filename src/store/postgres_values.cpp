#include "store/postgres_values.h"

#include <charconv>

#include "base/error.h"

namespace hotshot::store {
namespace {

// From PostgreSQL's catalogue (pg_type.dat); these numbers are part of its protocol.
constexpr unsigned kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kFloat4 = 700, kFloat8 = 701,
                   kNumeric = 1700;

template <class T>
T number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  ensure(error == std::errc() && end == text.data() + text.size(), "database", "expected a number but got '{}'", text);
  return value;
}

// Bytes of the UTF-8 sequence at the beginning, 0 where there is none or it is NUL.
std::size_t sequence(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || rest.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates and what lies beyond Unicode (RFC 3629, section 4).
  const unsigned char second = byte(1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

}  // namespace

unsigned postgres_type(const Value& value) {
  constexpr unsigned kTypes[] = {0, kInt8, kFloat8, kText};
  return kTypes[value.index()];
}

std::string storable_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = sequence(bytes);
    text += length > 0 ? bytes.substr(0, length) : "\xef\xbf\xbd";
    bytes.remove_prefix(length > 0 ? length : 1);
  }
  return text;
}

std::optional<std::string> postgres_text(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);  // shortest that reads the same
  if (const auto* text = std::get_if<std::string>(&value)) return storable_text(*text);
  return {};
}

Value postgres_value(unsigned type, std::string_view text) {
  switch (type) {
    case kBool:
      return std::int64_t{text == "t"};
    case kInt2:
    case kInt4:
    case kInt8:
      return number<std::int64_t>(text);
    case kFloat4:
    case kFloat8:
      return number<double>(text);
    case kNumeric:  // sums of integers
      if (text.find_first_not_of("-0123456789") == std::string_view::npos) return number<std::int64_t>(text);
      return number<double>(text);
    default:
      return std::string(text);
  }
}

}  // namespace hotshot::store
