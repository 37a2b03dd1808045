#include "text/byte_pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/random.h"
#include "base/test_support.h"
#include "text/clip_test_support.h"

namespace hotshot::text {
namespace {

using Ids = std::vector<int>;

Ids encode(const BytePairs& pairs, std::string_view word) {
  Ids ids;
  pairs.append(word, ids);
  return ids;
}

int id(const BytePairs& pairs, const std::string& piece) { return pairs.find(piece).value(); }

TEST(BytePairs, BytesAreVisibleAndDistinct) {
  std::set<std::string> seen;
  for (int byte = 0; byte < 256; ++byte) seen.insert(visible_byte(static_cast<unsigned char>(byte)));
  EXPECT_EQ(seen.size(), 256u);
  EXPECT_EQ(visible_byte('a'), "a");
  EXPECT_EQ(visible_byte(0), "Ā");
  EXPECT_EQ(visible_byte(' '), "Ġ");
  EXPECT_EQ(visible_byte(0xAD), "Ń");
  EXPECT_EQ(visible_byte(0xFF), "ÿ");
  const auto order = byte_order();
  EXPECT_EQ(order[0], '!');
  EXPECT_EQ(order[188], 0);
  EXPECT_EQ(std::set(order.begin(), order.end()).size(), 256u);
}

TEST(BytePairs, MergesByRank) {
  const BytePairs pairs(vocabulary_of_merges(kSmallMerges, "test"), "test");
  EXPECT_EQ(encode(pairs, "cat"), (Ids{id(pairs, "cat</w>")}));
  EXPECT_EQ(encode(pairs, "ca"), (Ids{id(pairs, "c"), id(pairs, "a</w>")}));  // the end of a word is another letter
  EXPECT_EQ(encode(pairs, "bat"), (Ids{id(pairs, "b"), id(pairs, "at</w>")}));
  EXPECT_EQ(encode(pairs, "cacat"), (Ids{id(pairs, "ca"), id(pairs, "cat</w>")}));
  EXPECT_EQ(encode(pairs, ""), Ids{});
  EXPECT_EQ(encode(pairs, std::string_view("\0", 1)), (Ids{id(pairs, "Ā</w>")}));
}

// What the definition says, in quadratic time: again and again the merge of lowest rank, leftmost first.
Ids encode_slowly(const BytePairs& pairs, const PieceList& list, const std::string& word) {
  std::vector<std::string> pieces;
  for (const char c : word) pieces.push_back(visible_byte(static_cast<unsigned char>(c)));
  pieces.back() += kWordEnd;
  for (;;) {
    std::size_t best = list.merges.size(), at = 0;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = std::find(list.merges.begin(), list.merges.end(), Merge{pieces[i], pieces[i + 1]});
      const auto rank = static_cast<std::size_t>(found - list.merges.begin());
      if (rank < best) best = rank, at = i;
    }
    if (best == list.merges.size()) break;
    pieces[at] += pieces[at + 1];
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  Ids ids;
  for (const std::string& piece : pieces) ids.push_back(id(pairs, piece));
  return ids;
}

TEST(BytePairs, MatchesTheDefinition) {
  const PieceList list =
      vocabulary_of_merges("a b\nb a\nab a\na a\naa aa\nb</w> x\na b</w>\nba b</w>\naba ab</w>\n", "test");
  const BytePairs pairs(list, "test");
  Random random(1, "words");
  for (int i = 0; i < 2000; ++i) {
    std::string word(1 + random.below(20), 'a');
    for (char& c : word) c = random.below(2) ? 'a' : 'b';
    EXPECT_EQ(encode(pairs, word), encode_slowly(pairs, list, word)) << word;
  }
}

TEST(BytePairs, LongWordsTakeLittleTime) {
  const BytePairs pairs(shipped_pieces(), "test");
  for (const std::string_view unit : {"a", "ab", "!", "\xE7\x8C\xAB"}) {
    std::string word;
    while (word.size() < 40'000) word += unit;
    const Ids ids = encode(pairs, word);
    EXPECT_GT(ids.size(), 1000u);
    EXPECT_LE(ids.size(), word.size());
  }
}

TEST(BytePairs, RefusesWhatIsNoVocabulary) {
  const PieceList sound = vocabulary_of_merges(kSmallMerges, "test");
  const auto refusal = [&](auto damage) {
    PieceList list = sound;
    damage(list);
    return message_of([&] { BytePairs(list, "test"); });
  };
  EXPECT_EQ(refusal([](PieceList&) {}), "");
  EXPECT_EQ(refusal([](PieceList& list) { list.pieces.push_back("a"); }),
            "[test] expected distinct pieces but 'a' is there twice");
  EXPECT_EQ(refusal([](PieceList& list) { list.pieces[3] = "new"; }),
            "[test] expected a piece '$' but the vocabulary has none");
  EXPECT_EQ(refusal([](PieceList& list) { list.merges.emplace_back("c", "a"); }),
            "[test] expected distinct merges but 'c a' is there twice");
  EXPECT_EQ(refusal([](PieceList& list) { list.merges.emplace_back("t", "a"); }),
            "[test] expected a piece 'ta' but the vocabulary has none");
}

}  // namespace
}  // namespace hotshot::text
