#include "text/unicode.h"

#include <gtest/gtest.h>

#include "text/utf8.h"

namespace hotshot::text {
namespace {

std::string utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_code_point(out, c);
  return out;
}

TEST(Unicode, ClassesOfCharacters) {
  for (const char32_t c : U"azAZé中ひंक가ªʰ") {
    if (c == 0 || c == 0x902) continue;
    EXPECT_EQ(character_class(c), CharacterClass::letter) << std::hex << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'0', U'9', U'²', U'½', U'Ⅳ', U'٣', U'〇'})
    EXPECT_EQ(character_class(c), CharacterClass::number) << std::hex << static_cast<unsigned>(c);
  for (const char32_t c : {U' ', U'\t', U'\n', char32_t{0x85}, char32_t{0xA0}, char32_t{0x3000}, char32_t{0x2028}})
    EXPECT_EQ(character_class(c), CharacterClass::space) << std::hex << static_cast<unsigned>(c);
  // A zero-width space, a mark, controls and private characters are none of the three.
  for (const char32_t c : {U'!', U'_', U'😀', char32_t{0x200B}, char32_t{0x301}, char32_t{0x902}, char32_t{0},
                           char32_t{0x1C}, char32_t{0xE000}, char32_t{0x10FFFF}})
    EXPECT_EQ(character_class(c), CharacterClass::other) << std::hex << static_cast<unsigned>(c);
}

TEST(Unicode, Composes) {
  const std::pair<std::u32string, std::u32string> pairs[] = {
      {U"", U""},
      {U"plain text, ünïcode", U"plain text, ünïcode"},
      {U"e\u0301", U"é"},
      {U"a\u0323\u0302", U"ậ"},
      {U"a\u0302\u0323", U"ậ"},                    // marks are put in order
      {U"a\u0327\u0327\u0301", U"á\u0327\u0327"},  // a mark between does not block one of a higher class
      {U"a\u0301\u0301", U"á\u0301"},              // one of its own class does
      {U"\u0301e", U"\u0301e"},
      {U"\u1112\u1161\u11AB", U"한"},
      {U"\u1100\u1161", U"가"},
      {U"가\u11A7", U"가\u11A7"},  // no trailing consonant
      {U"각\u11A8", U"각\u11A8"},
      {U"\u2126 \u212A \u212B", U"Ω K Å"},  // other spellings of a letter
      {U"\u0958", U"\u0915\u093C"},         // excluded from composition
      {U"\uF900", U"\u8C48"},
      {U"\u1E9B\u0323", U"\u1E9B\u0323"},
  };
  for (const auto& [text, expected] : pairs) {
    EXPECT_EQ(compose(utf8(text)), utf8(expected));
    EXPECT_EQ(compose(utf8(expected)), utf8(expected)) << "composing twice changes nothing";
  }
}

// The longest decompositions, thousands of marks in the wrong order: bounded in size and time.
TEST(Unicode, ComposesAnythingBounded) {
  std::u32string marks = U"a";
  for (int i = 0; i < 10'000; ++i) marks.push_back(i % 2 ? 0x0316 : 0x0301);
  EXPECT_EQ(compose(utf8(marks)).size(), utf8(marks).size() - 1);  // a + acute became one character
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const std::string text = utf8(std::u32string(1, c)), out = compose(text);
    EXPECT_LE(out.size(), 3 * text.size()) << std::hex << static_cast<unsigned>(c);
    EXPECT_EQ(compose(out), out) << std::hex << static_cast<unsigned>(c);
    EXPECT_FALSE(find_malformed(to_lower(text))) << std::hex << static_cast<unsigned>(c);
  }
}

TEST(Unicode, LowersCase) {
  EXPECT_EQ(to_lower("HeLLo, ÀÉÎ Ω ΑΣ Ж İ Ǆ Ⅳ ß ẞ"), "hello, àéî ω ασ ж i\xCC\x87 ǆ ⅳ ß ß");
  EXPECT_EQ(to_lower(utf8(U"\u0100\u0101\u0102 \U00010400 \u24B6")), utf8(U"\u0101\u0101\u0103 \U00010428 \u24D0"));
}

}  // namespace
}  // namespace hotshot::text
