#include "text/prompt_weights.h"

#include <gtest/gtest.h>

#include "base/test_support.h"

namespace hotshot::text {
namespace {

using ::testing::IsSubstring;

// "text@weight" of each stretch; "|" for a break.
std::string shown(std::string_view prompt) {
  std::string out;
  for (const WeightedText& stretch : parse_emphasis(prompt)) {
    if (!out.empty()) out += " ";
    out += stretch.is_break ? "|" : fmt::format("{}@{:.4g}", stretch.text, stretch.weight);
  }
  return out;
}

TEST(Emphasis, BracketsWeigh) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "@1"},
      {"plain, text", "plain, text@1"},
      {"(word)", "word@1.1"},
      {"((word))", "word@1.21"},
      {"[word]", "word@0.9091"},
      {"(word:1.3)", "word@1.3"},
      {"(word: +.5 )", "word@0.5"},
      {"(word:-1)", "word@-1"},
      {"a (b) c", "a @1 b@1.1  c@1"},
      {"(unnecessary)(parens)", "unnecessaryparens@1.1"},
      {"a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
       "a @1 house@1.573  @1.1 on@1  a @1.1 hill@0.55 , sun, @1.1 sky@1.464 .@1.1"},
      {"[(a:2)]", "a@1.818"},
      {"[a:b:0.5]", "a:b:0.5@0.9091"},
  };
  for (const auto& [prompt, expected] : cases) EXPECT_EQ(shown(prompt), expected) << prompt;
}

TEST(Emphasis, EscapesAndStrayCharactersAreText) {
  const std::pair<std::string, std::string> cases[] = {
      {R"(smile \(happy\) \[x\] \\)", R"(smile (happy) [x] \@1)"},
      {R"((\(:1.5))", "(@1.5"},
      {R"(a\b)", "ab@1"},  // a backslash before anything else vanishes
      {R"(a\)", "a@1"},
      {"a) b] c", "a) b] c@1"},
      {"a:1.3) b", "a:1.3) b@1"},
      {"(a", "a@1.1"},
      {"((a) b", "a@1.21  b@1.1"},
      {"[a", "a@0.9091"},
      {"a(", "a@1"},
      {"()", "@1"},
      {"(:)", ":@1.1"},
      {"(a:.)", "a:.@1.1"},  // no number
      {"(a:1.2.3)", "a:1.2.3@1.1"},
      {"(a:1e5)", "a:1e5@1.1"},
      {"(a:+-1)", "a:+-1@1.1"},
      {"(a:nan)", "a:nan@1.1"},
      {"(a:1.3 b)", "a:1.3 b@1.1"},
      {"(a]b)", "a]b@1.1"},
  };
  for (const auto& [prompt, expected] : cases) EXPECT_EQ(shown(prompt), expected) << prompt;
}

TEST(Emphasis, BreakIsAWord) {
  const std::pair<std::string, std::string> cases[] = {
      {"a BREAK b", "a@1 | b@1"},
      {"a\n BREAK\nb", "a@1 | b@1"},
      {"BREAK", "@1 | @1"},
      {"a BREAK BREAK b", "a@1 | @1 | b@1"},
      {"a,BREAK,b", "a,@1 | ,b@1"},
      {"BREAKFAST aBREAK BREAK_ break 早BREAK", "BREAKFAST aBREAK BREAK_ break 早BREAK@1"},
      {"(a BREAK b)", "a@1.1 | b@1.1"},
  };
  for (const auto& [prompt, expected] : cases) EXPECT_EQ(shown(prompt), expected) << prompt;
}

TEST(Emphasis, RefusesWildWeights) {
  EXPECT_PRED_FORMAT2(IsSubstring, "got 1080 for '1920'; \\( and \\)",
                      message_of([] { parse_emphasis("(1920:1080)"); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "-100 to 100", message_of([] { parse_emphasis(std::string(200, '(') + "a"); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "malformed", message_of([] { parse_emphasis("\xFF"); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "10000", message_of([] { parse_emphasis(std::string(10'001, '(')); }));
  EXPECT_EQ(shown(std::string(10'000, '(')), "@1");
}

}  // namespace
}  // namespace hotshot::text
