#include "text/prompt.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

TEST(Prompt, CollapsesWhiteSpace) {
  EXPECT_EQ(clean_prompt("  a \t\r\n cat\u3000\u00A0runs \u2028"), "a cat runs");
  EXPECT_EQ(clean_prompt(""), "");
  EXPECT_EQ(clean_prompt(" \n "), "");
}

TEST(Prompt, DropsControlCharacters) {
  EXPECT_EQ(clean_prompt(std::string("a\0b\x01\x7f\uFEFFc\u0090", 12)), "abc");
  EXPECT_EQ(clean_prompt("a&#0;b"), "a\uFFFDb");
  EXPECT_EQ(clean_prompt("👩\u200D🚀"), "👩\u200D🚀");  // joiners stay
}

TEST(Prompt, UnescapesTwice) {
  EXPECT_EQ(clean_prompt("Tom &amp;amp; Jerry"), "Tom & Jerry");
  EXPECT_EQ(clean_prompt("Tom &amp;amp;amp; Jerry"), "Tom &amp; Jerry");
  EXPECT_EQ(clean_prompt("a&nbsp;&nbsp;b"), "a b");
}

TEST(Prompt, RefusesMalformedAndEndless) {
  for (const char* bad : {"\xff", "a\xE4\xB8", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"})
    EXPECT_THROW(clean_prompt(bad), InvalidArgument);
  std::string text;
  for (std::size_t i = 0; i < kMaxPromptCharacters; ++i) text += "猫";
  EXPECT_EQ(clean_prompt(text).size(), text.size());
  EXPECT_THROW(clean_prompt(text + "猫"), InvalidArgument);
  EXPECT_THROW(clean_prompt(std::string(1 << 20, ' ')), InvalidArgument);
}

// Expected values are those of Python's html.unescape.
TEST(Prompt, UnescapesLikePython) {
  EXPECT_EQ(unescape_html("&lt;b&gt; &quot;x&quot; &apos; &eacute; &Omega; &hearts;"), "<b> \"x\" ' é Ω ♥");
  EXPECT_EQ(unescape_html("&#29483;&#x732B;&#X732b &#128512;"), "猫猫猫 😀");
  EXPECT_EQ(unescape_html("&ampx &ltb &notit; &hearts x"), "&x <b ¬it; &hearts x");
  EXPECT_EQ(unescape_html("&AMP &COPY; &lang;"), "& © ⟨");
  EXPECT_EQ(unescape_html("&#128; &#x9F; &#xD800; &#x110000; &#99999999999999999999; &#1;|"),
            "€ Ÿ \uFFFD \uFFFD \uFFFD |");
  EXPECT_EQ(unescape_html("& && &; &# &#; &#x; &#xg &unknown; &"), "& && &; &# &#; &#x; &#xg &unknown; &");
}

TEST(Utf8, WritesWhatItReads) {
  for (const char32_t value :
       {U'a', U'\u007F', U'\u0080', U'\u07FF', U'\u0800', U'\uFFFF', U'\U00010000', U'\U0010FFFF'}) {
    std::string text;
    append_code_point(text, value);
    const auto read = first_code_point(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->value, value);
    EXPECT_EQ(read->bytes, text.size());
    EXPECT_FALSE(first_code_point(text.substr(0, text.size() - 1)));
  }
  EXPECT_EQ(find_malformed("ab\xffz"), 2u);
  EXPECT_FALSE(find_malformed("猫 a"));
  EXPECT_EQ(count_code_points("猫 a"), 3u);
}

}  // namespace
}  // namespace hotshot::text
