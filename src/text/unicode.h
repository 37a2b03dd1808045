// What tokenizers ask about characters: their class, their lower case, their composed form.
#pragma once

#include <string>
#include <string_view>

namespace hotshot::text {

/// What the patterns of byte-level tokenizers tell apart: \p{L}, \p{N}, \s and the rest.
enum class CharacterClass { letter, number, space, other };

CharacterClass character_class(char32_t c);

/// Canonical composition (Unicode Standard Annex 15, form NFC) of well-formed text. At most 3 times as many bytes.
std::string compose(std::string_view utf8);

/// Lower case of well-formed text, character by character: Σ becomes σ at the end of a word too.
std::string to_lower(std::string_view utf8);

}  // namespace hotshot::text
