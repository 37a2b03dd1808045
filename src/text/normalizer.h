// Text as a SentencePiece vocabulary wants it: characters replaced by rule, spaces collapsed and made visible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/trie.h"

namespace hotshot::text {

/// What stands for a space inside pieces: U+2581.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";
/// What stands for a malformed byte: U+FFFD.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Replacement rules as SentencePiece stores them (nmt_nfkc and others): 4 bytes of trie size, a double-array trie of
/// 32-bit units (Darts-clone), then the replacements, each ended by a NUL; a trie value is an offset into those.
class CharacterMap {
 public:
  struct Match {
    std::size_t bytes = 0;  // of the text, 0 when no rule applies
    std::string_view replacement;
  };

  CharacterMap() = default;
  /// Empty `blob`: no rules. Throws InvalidArgument when the sizes do not fit.
  CharacterMap(std::string_view blob, const std::string& where);

  /// The longest rule that `text` starts with. Never reads outside, whatever the trie says.
  Match longest(std::string_view text) const;

 private:
  std::vector<std::uint32_t> units_;
  std::string replacements_;  // ends with NUL
};

/// NormalizerSpec of a model file.
struct NormalizerOptions {
  std::string name;             // "nmt_nfkc", "identity" …
  std::string character_map;    // the blob above
  bool dummy_prefix = true;     // a space in front, so that the first word looks like any other
  bool collapse_spaces = true;  // drop spaces at both ends, one for several between
  bool mark_spaces = true;      // kSpaceMark for ' '
  bool space_after = false;     // of TrainerSpec: the dummy space goes behind instead
};

class Normalizer {
 public:
  Normalizer() = default;
  /// `untouched`: strings no rule applies to (user-defined pieces).
  Normalizer(const NormalizerOptions& options, Trie untouched, const std::string& where);

  /// Throws InvalidArgument when the rules blow `text` up more than 32-fold (no real ones do).
  std::string operator()(std::string_view text) const;

 private:
  struct Step {
    std::string_view text;
    std::size_t consumed = 0;
  };
  Step step(std::string_view text) const;
  void append(std::string& out, std::string_view text) const;

  NormalizerOptions options_;
  Trie untouched_;
  CharacterMap map_;
};

}  // namespace hotshot::text
