#include "text/prompt_chunks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../tests/fuzz/mutate.h"
#include "base/test_support.h"
#include "text/clip_test_support.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

using ::testing::IsSubstring;
using Ids = std::vector<int>;

class Chunks : public ::testing::Test {
 protected:
  // The ids between start and end.
  Ids inner(const PromptChunk& chunk) const {
    EXPECT_EQ(chunk.ids.size(), 77u);
    EXPECT_EQ(chunk.weights.size(), 77u);
    EXPECT_EQ(chunk.ids.front(), tokenizer_.start_id());
    const auto end = std::find(chunk.ids.begin(), chunk.ids.end(), tokenizer_.end_id());
    EXPECT_NE(end, chunk.ids.end());
    EXPECT_TRUE(std::all_of(end + 1, chunk.ids.end(), [&](int id) { return id == tokenizer_.pad_id(); }));
    const auto used = static_cast<std::size_t>(end - chunk.ids.begin());
    EXPECT_EQ(chunk.weights.front(), 1);
    for (std::size_t i = used; i < 77; ++i) EXPECT_EQ(chunk.weights[i], 1);
    return {chunk.ids.begin() + 1, end};
  }
  std::vector<std::size_t> lengths(std::string_view prompt) const {
    std::vector<std::size_t> lengths;
    for (const PromptChunk& chunk : chunk_prompt(tokenizer_, prompt)) lengths.push_back(inner(chunk).size());
    return lengths;
  }
  static std::string words(int count, std::string_view word = " cat") {
    std::string text;
    for (int i = 0; i < count; ++i) text += word;
    return text;
  }

  ClipTokenizer tokenizer_{shipped_pieces(), "!", "test"};
  using Lengths = std::vector<std::size_t>;
};

TEST_F(Chunks, ShortPromptIsOne) {
  const auto chunks = chunk_prompt(tokenizer_, "a (photo:1.5) of a cat");
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].ids, tokenizer_("a photo of a cat"));
  EXPECT_EQ(std::vector<float>(chunks[0].weights.begin(), chunks[0].weights.begin() + 5),
            (std::vector<float>{1, 1, 1.5, 1, 1}));
  EXPECT_EQ(inner(chunk_prompt(tokenizer_, "")[0]), Ids{});
  EXPECT_EQ(chunk_prompt(tokenizer_, "a", 3).size(), 3u);
  EXPECT_EQ(inner(chunk_prompt(tokenizer_, "a", 3)[2]), Ids{});
}

TEST_F(Chunks, LongPromptsAreCut) {
  EXPECT_EQ(lengths(words(75)), (Lengths{75}));
  EXPECT_EQ(lengths(words(76)), (Lengths{75, 1}));
  EXPECT_EQ(lengths(words(151)), (Lengths{75, 75, 1}));
  EXPECT_EQ(lengths("a BREAK b"), (Lengths{1, 1}));
  EXPECT_EQ(lengths("BREAK b BREAK"), (Lengths{0, 1}));
}

TEST_F(Chunks, EndBehindAComma) {
  // A comma as token 60 of the first 75: the 15 after it begin the next chunk, unless nothing follows.
  EXPECT_EQ(lengths(words(59) + "," + words(16)), (Lengths{60, 16}));
  EXPECT_EQ(lengths(words(59) + "," + words(15)), (Lengths{75}));
  EXPECT_EQ(lengths(words(55) + "," + words(20)), (Lengths{56, 20}));  // 19 tokens follow it in the chunk
  EXPECT_EQ(lengths(words(54) + "," + words(21)), (Lengths{75, 1}));   // 20 do: too far
  EXPECT_EQ(lengths(words(74) + "," + words(3)), (Lengths{75, 3}));
  EXPECT_EQ(lengths(words(75) + "," + words(3)), (Lengths{75, 4}));  // the comma itself comes first in the next
  const auto chunks = chunk_prompt(tokenizer_, words(59) + ", (" + words(16) + ":2)");
  EXPECT_EQ(chunks[1].weights[1], 2) << "weights move along";
  EXPECT_EQ(chunks[0].weights[61], 1);
}

TEST_F(Chunks, VectorsOfAWordStayTogether) {
  const int first = tokenizer_.add_token("<toy>", 10);
  const auto chunks = chunk_prompt(tokenizer_, words(70) + " (<toy>:1.5)");
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(inner(chunks[0]).size(), 70u);
  Ids expected(10);
  std::iota(expected.begin(), expected.end(), first);
  EXPECT_EQ(inner(chunks[1]), expected);
  for (std::size_t i = 1; i <= 10; ++i) EXPECT_EQ(chunks[1].weights[i], 1.5f);
}

TEST_F(Chunks, AreNotTooMany) {
  EXPECT_EQ(lengths(words(3000, "a ")).size(), 40u);
  EXPECT_PRED_FORMAT2(IsSubstring, "at most 40 chunks",
                      message_of([&] { chunk_prompt(tokenizer_, words(3001, "a ")); }));
  EXPECT_PRED_FORMAT2(IsSubstring, "at most 40 chunks", message_of([&] { lengths(words(1000, "BREAK ")); }));
}

// Any characters in any order: a prompt with finite weights, or a refusal.
TEST_F(Chunks, SurviveAnything) {
  Random random(1, "prompt mutation");
  const std::string whole = R"(a (red [cat]:1.3), \(x\) BREAK ((猫)) [b:c:.5] <toy> 😀 it's, )";
  const std::vector<std::string> parts = {"(",     ")", "[", "]",  ":",     "\\",   "BREAK",
                                          ":1.5)", ",", " ", "猫", "<toy>", ":-99)"};
  tokenizer_.add_token("<toy>", 3);
  for (int i = 0; i < 3000; ++i) {
    std::string prompt = whole;
    for (std::uint32_t n = random.below(4); n > 0; --n) prompt = fuzz::mutate(prompt, random, parts);
    for (std::uint32_t n = random.below(200); n > 0; --n) prompt += parts[random.below(13)];
    try {
      std::size_t text = 0;
      for (const WeightedText& stretch : parse_emphasis(prompt)) {
        EXPECT_LE(std::abs(stretch.weight), kMaxPromptWeight);
        EXPECT_FALSE(find_malformed(stretch.text));
        text += stretch.text.size();
      }
      EXPECT_LE(text, prompt.size());
      for (const PromptChunk& chunk : chunk_prompt(tokenizer_, prompt)) inner(chunk);
    } catch (const InvalidArgument&) {
    }
  }
}

}  // namespace
}  // namespace hotshot::text
