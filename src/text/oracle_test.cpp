// The ids, pieces and texts of the sentencepiece library, on vocabularies it trains here.
#ifdef HOTSHOT_HAVE_SENTENCEPIECE
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "base/error.h"
#include "base/random.h"
#include "text/sentencepiece.h"

namespace hotshot::text {
namespace {

using Settings = std::unordered_map<std::string, std::string>;

template <class List>
auto pick(Random& random, const List& list) {
  return list[random.below(static_cast<std::uint32_t>(std::size(list)))];
}

std::string caption(Random& random) {
  constexpr std::string_view kWho[] = {"cat", "dog", "train", "balloon", "butterfly", "rocket"};
  constexpr std::string_view kColour[] = {"red", "blue", "green", "yellow", "purple"};
  constexpr std::string_view kDoes[] = {"walks", "jumps", "flies slowly", "drives", "spins"};
  constexpr std::string_view kWhere[] = {"in the meadow", "over the sea", "through the city, at night", "in space"};
  constexpr std::string_view kWhoZh[] = {"猫", "狗", "火车", "气球", "蝴蝶", "火箭"};
  constexpr std::string_view kColourZh[] = {"红色", "蓝色", "绿色", "黄色", "紫色"};
  constexpr std::string_view kDoesZh[] = {"走路", "跳跃", "慢慢地飞", "行驶", "旋转"};
  constexpr std::string_view kWhereZh[] = {"草地上", "大海上", "夜晚的城市里", "太空中"};
  if (random.chance(0.5f)) {
    return fmt::format("A {} {} {} {}.", pick(random, kColour), pick(random, kWho), pick(random, kDoes),
                       pick(random, kWhere));
  }
  return fmt::format("一只{}的{}在{}{}。", pick(random, kColourZh), pick(random, kWhoZh), pick(random, kWhereZh),
                     pick(random, kDoesZh));
}

class Captions : public sentencepiece::SentenceIterator {
 public:
  Captions() { Next(); }
  bool done() const override { return count_ > 600; }
  void Next() override { ++count_, text_ = caption(random_); }
  const std::string& value() const override { return text_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  Random random_{1, "captions"};
  int count_ = 0;
  std::string text_;
};

std::string train(Settings settings) {
  settings.insert({{"vocab_size", "600"},
                   {"model_type", "unigram"},
                   {"pad_id", "0"},
                   {"eos_id", "1"},
                   {"unk_id", "2"},
                   {"bos_id", "-1"},
                   {"hard_vocab_limit", "false"},
                   {"minloglevel", "2"},
                   {"num_threads", "2"}});
  Captions captions;
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &captions, &model);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return model;
}

// Anything a person or a fuzzer may type.
std::string random_text(Random& random) {
  constexpr std::string_view kParts[] = {
      " ",     "  ",       "\t",       "\n",           "\u3000", "\u00A0", "\u200B", "▁",      "a",       "A",
      "cat",   "Ａ",       "，",       "。",           "！",     "猫",     "龘",     "é",      "e\u0301", "ﬁ",
      "①",     "㍿",       "😀",        "👩\u200D🚀",     "ﷺ",      "½",      "İ",      "ß",      "한",      "ｶﾞ",
      "\xff",  "\xE4\xB8", "\xC0\x80", "\xED\xA0\x80", "<unk>",  "</s>",   "<pad>",  "<0x41>", "<sep>",   "<se",
      "<ctl>", "2026",     "1,234.56", "\uFFFD"};
  std::string text = random.chance(0.5f) ? caption(random).substr(0, random.below(40)) : "";
  for (std::uint32_t n = random.below(12); n > 0; --n) text += pick(random, kParts);
  if (random.chance(0.1f)) text.push_back('\0');
  return text;
}

void expect_same(const std::string& model_bytes, std::uint64_t seed) {
  sentencepiece::SentencePieceProcessor library;
  ASSERT_TRUE(library.LoadFromSerializedProto(model_bytes).ok());
  const SentencePiece ours = SentencePiece::parse(model_bytes, "test");
  ASSERT_EQ(ours.vocabulary_size(), library.GetPieceSize());
  EXPECT_EQ(ours.eos_id(), library.eos_id());
  EXPECT_EQ(ours.pad_id(), library.pad_id());
  EXPECT_EQ(ours.unk_id(), library.unk_id());
  EXPECT_EQ(ours.bos_id(), library.bos_id());
  Random random(seed, "texts");
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random);
    ASSERT_EQ(ours.encode(text), library.EncodeAsIds(text)) << text;
    std::vector<int> ids;
    for (std::uint32_t n = random.below(12); n > 0; --n)
      ids.push_back(static_cast<int>(random.below(static_cast<std::uint32_t>(ours.vocabulary_size()))));
    ASSERT_EQ(ours.decode(ids), library.DecodeIds(ids)) << ::testing::PrintToString(ids);
  }
}

TEST(SentencePieceOracle, AsShipped) {
  expect_same(train({{"byte_fallback", "true"}, {"character_coverage", "1.0"}, {"required_chars", "xyzXYZ。“”"}}), 1);
}

TEST(SentencePieceOracle, WithoutByteFallback) { expect_same(train({{"character_coverage", "0.98"}}), 2); }

TEST(SentencePieceOracle, IdentityNormalization) { expect_same(train({{"normalization_rule_name", "identity"}}), 3); }

TEST(SentencePieceOracle, OtherNormalizations) {
  expect_same(train({{"normalization_rule_name", "nfkc_cf"}, {"byte_fallback", "true"}}), 4);
  expect_same(train({{"normalization_rule_name", "nmt_nfkc_cf"}}), 5);
}

TEST(SentencePieceOracle, UserDefinedAndControlSymbols) {
  expect_same(train({{"user_defined_symbols", "<sep>,猫A,▁,cat"}, {"control_symbols", "<ctl>"}}), 6);
}

TEST(SentencePieceOracle, SpaceRules) {
  expect_same(train({{"add_dummy_prefix", "false"}}), 7);
  expect_same(train({{"remove_extra_whitespaces", "false"}, {"byte_fallback", "true"}}), 8);
  expect_same(train({{"treat_whitespace_as_suffix", "true"}}), 9);
  expect_same(train({{"add_dummy_prefix", "false"}, {"remove_extra_whitespaces", "false"}}), 10);
}

TEST(SentencePieceOracle, PiecesAcrossWords) {
  expect_same(train({{"split_by_whitespace", "false"}, {"split_digits", "true"}, {"unk_surface", "?"}}), 11);
}

}  // namespace
}  // namespace hotshot::text
#endif  // HOTSHOT_HAVE_SENTENCEPIECE
