#include "text/prompt.h"

#include "base/error.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Control characters, deprecated format characters, byte order marks, interlinear annotations.
bool is_dropped(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFC);
}

}  // namespace

void check_prompt(std::string_view prompt) {
  // Before anything walks over it: a character has at most 4 bytes.
  require(prompt.size() <= 4 * kMaxPromptCharacters, "prompt", "expected at most {} characters but got {} bytes",
          kMaxPromptCharacters, prompt.size());
  const auto malformed = find_malformed(prompt);
  require(!malformed, "prompt", "expected UTF-8 text but byte {} is malformed", malformed.value_or(0));
  const std::size_t characters = count_code_points(prompt);
  require(characters <= kMaxPromptCharacters, "prompt", "expected at most {} characters but got {}",
          kMaxPromptCharacters, characters);
}

std::string clean_prompt(std::string_view prompt) {
  check_prompt(prompt);
  const std::string text = unescape_html(unescape_html(prompt));
  std::string cleaned;
  bool space = false;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint character = first_code_point(rest).value();
    if (is_space(character.value)) {
      space = true;
    } else if (!is_dropped(character.value)) {
      if (space && !cleaned.empty()) cleaned.push_back(' ');
      space = false;
      cleaned += rest.substr(0, character.bytes);
    }
    rest.remove_prefix(character.bytes);
  }
  return cleaned;
}

}  // namespace hotshot::text
