// What happens to a prompt before it is tokenized.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hotshot::text {

inline constexpr std::size_t kMaxPromptCharacters = 10'000;

/// Throws InvalidArgument for malformed UTF-8 or more than kMaxPromptCharacters.
void check_prompt(std::string_view prompt);

/// As diffusers' Wan pipeline cleans a prompt (without ftfy): HTML entities replaced twice, every run of white space
/// (Unicode's, as Python's \s) one space, none at the ends. Further, NUL, other control characters and invisible
/// format characters are dropped. Throws as check_prompt.
std::string clean_prompt(std::string_view prompt);

/// Replaces &amp; &#38; &#x26; … once, as Python's html.unescape does, for the names of HTML 4 (and &apos; &AMP; and
/// such).
std::string unescape_html(std::string_view text);

}  // namespace hotshot::text
