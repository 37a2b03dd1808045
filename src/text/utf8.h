// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hotshot::text {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
};

/// The character at the start of `utf8`; none when empty or malformed there.
std::optional<CodePoint> first_code_point(std::string_view utf8);

/// Offset of the first malformed byte; none when all of it is well-formed.
std::optional<std::size_t> find_malformed(std::string_view utf8);

/// Number of characters of well-formed text.
std::size_t count_code_points(std::string_view utf8);

/// Appends a character. `value` must be a code point that is not a surrogate.
void append_code_point(std::string& utf8, char32_t value);

}  // namespace hotshot::text
