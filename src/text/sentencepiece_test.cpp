#include "text/sentencepiece.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../../tests/fuzz/mutate.h"
#include "base/error.h"
#include "text/test_support.h"

namespace hotshot::text {
namespace {

using ::testing::IsSubstring;
using Ids = std::vector<int>;

SentencePiece make(const std::vector<Piece>& more, const std::string& trainer = "",
                   const std::string& normalizer = "") {
  return SentencePiece::parse(model_bytes(t5_pieces_and(more), t5_trainer() + trainer, normalizer), "test");
}

std::string refusal(const std::string& bytes) {
  try {
    SentencePiece::parse(bytes, "test");
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "(accepted)";
}

std::vector<Piece> byte_pieces() {
  std::vector<Piece> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces.push_back({fmt::format("<0x{:02X}>", byte), 0, PieceType::byte});
  return pieces;
}

TEST(SentencePiece, TakesTheMostProbableSegmentation) {
  // ▁ab: one piece of -4 against ▁a + b of -3; ▁abc: ▁ab + c of -5, ▁a + bc of -6, ▁a + b + c of -4.
  const std::vector<Piece> pieces = {{"▁a", -2}, {"b", -1}, {"▁ab", -4}, {"c", -1}, {"bc", -4}};
  EXPECT_EQ(make(pieces).encode("ab"), (Ids{3, 4}));
  EXPECT_EQ(make(pieces).encode("abc"), (Ids{3, 4, 6}));
  std::vector<Piece> likelier = pieces;
  likelier[2].score = -2.5;
  EXPECT_EQ(make(likelier).encode("ab"), (Ids{5}));
  likelier[2].type = PieceType::unused;
  EXPECT_EQ(make(likelier).encode("ab"), (Ids{3, 4}));
  EXPECT_EQ(make(pieces).encode(""), Ids{});
  EXPECT_EQ(make(pieces).encode("   "), Ids{});
}

TEST(SentencePiece, JoinsUnknownRunsOrSpellsTheirBytes) {
  const std::vector<Piece> plain = {{"▁", -1}, {"a", -1}};
  EXPECT_EQ(make(plain).encode("a猫犬a猫"), (Ids{3, 4, 2, 4, 2}));
  std::vector<Piece> pieces = byte_pieces();
  pieces.insert(pieces.end(), plain.begin(), plain.end());
  const SentencePiece model = make(pieces, MessageWriter().varint(35, 1).str());
  EXPECT_EQ(model.encode("a猫"), (Ids{259, 260, 3 + 0xE7, 3 + 0x8C, 3 + 0xAB}));
  EXPECT_EQ(model.decode(model.encode("a 猫犬 é")), "a 猫犬 é");
  EXPECT_EQ(model.decode(Ids{3 + 0xE7, 3 + 0x8C, 260}), "\uFFFD\uFFFDa");
}

TEST(SentencePiece, SpecialPiecesInTextArePlainText) {
  const SentencePiece model =
      make({{"▁", -1}, {"<", -1}, {"/", -1}, {"s", -1}, {">", -1}, {"<sep>", 0, PieceType::user_defined}, {"ep", -1}});
  EXPECT_EQ(model.encode("</s>"), (Ids{3, 4, 5, 6, 7}));
  EXPECT_EQ(model.encode("s<sep>s"), (Ids{3, 6, 8, 6}));
}

TEST(SentencePiece, NormalizesSpacesAsAsked) {
  EXPECT_EQ(make({}).normalize("  a  b "), "▁a▁b");
  EXPECT_EQ(make({}, MessageWriter().varint(24, 1).str()).normalize("a b"), "a▁b▁");
  EXPECT_EQ(make({}, "", MessageWriter().varint(3, 0).str()).normalize(" a b"), "a▁b");
  EXPECT_EQ(make({}, "", MessageWriter().varint(4, 0).str()).normalize(" a  "), "▁▁a▁▁");
  EXPECT_EQ(make({}, "", MessageWriter().varint(5, 0).str()).normalize("a b"), " a b");
  EXPECT_EQ(make({}).normalize("a\xff"), "▁a\uFFFD");
}

TEST(SentencePiece, AppliesTheCharacterMap) {
  EXPECT_EQ(make({}, "", MessageWriter().bytes(2, one_rule_map("xyz")).str()).normalize("bAb"), "▁bxyzb");
  EXPECT_EQ(make({}, "", MessageWriter().bytes(2, one_rule_map(" ")).str()).normalize("AAbAA"), "▁b");
  EXPECT_EQ(make({}, "", MessageWriter().bytes(2, one_rule_map("")).str()).normalize("bAb"), "▁bb");
  const SentencePiece blown = make({}, "", MessageWriter().bytes(2, one_rule_map(std::string(9999, 'x'))).str());
  EXPECT_THROW(blown.encode(std::string(100, 'A')), InvalidArgument);
}

TEST(SentencePiece, DecodesWhatAPersonReads) {
  const SentencePiece model = make({{"▁a", -1}, {"▁b", -1}, {"▁", -1}});
  EXPECT_EQ(model.decode(Ids{0, 3, 4, 1}), "a b");
  EXPECT_EQ(model.decode(Ids{5, 3}), "a");
  EXPECT_EQ(model.decode(Ids{3, 2, 4}), "a ⁇  b");
  EXPECT_THROW(model.decode(Ids{6}), InvalidArgument);
  EXPECT_THROW(model.decode(Ids{-1}), InvalidArgument);
  EXPECT_EQ(model.vocabulary_size(), 6);
  EXPECT_EQ(model.find("▁b"), 4);
  EXPECT_FALSE(model.find("c"));
}

TEST(SentencePiece, RefusesUnsoundModels) {
  const std::vector<Piece> pieces = t5_pieces_and({{"a", -1}});
  const auto with = [&](const Piece& piece) { return model_bytes(t5_pieces_and({{"a", -1}, piece})); };
  EXPECT_PRED_FORMAT2(IsSubstring, "no pieces", refusal(""));
  EXPECT_PRED_FORMAT2(IsSubstring, "expected", refusal("not a protocol buffer"));
  EXPECT_PRED_FORMAT2(IsSubstring, "an unknown piece", refusal(model_bytes({{"a", -1}})));
  EXPECT_PRED_FORMAT2(IsSubstring, "one unknown piece", refusal(with({"<unk2>", 0, PieceType::unknown})));
  EXPECT_PRED_FORMAT2(IsSubstring, "distinct", refusal(with({"a", -2})));
  EXPECT_PRED_FORMAT2(IsSubstring, "1 to 4096 bytes", refusal(with({"", -2})));
  EXPECT_PRED_FORMAT2(IsSubstring, "finite", refusal(with({"b", std::nanf("")})));
  EXPECT_PRED_FORMAT2(IsSubstring, "byte_fallback", refusal(with({"<0x41>", 0, PieceType::byte})));
  EXPECT_PRED_FORMAT2(IsSubstring, "1 to 6", refusal(with({"b", 0, static_cast<PieceType>(7)})));
  EXPECT_PRED_FORMAT2(IsSubstring, "byte-pair", refusal(model_bytes(pieces, MessageWriter().varint(3, 2).str())));
  EXPECT_PRED_FORMAT2(IsSubstring, "256", refusal(model_bytes(pieces, MessageWriter().varint(35, 1).str())));
  EXPECT_PRED_FORMAT2(IsSubstring, "character map",
                      refusal(model_bytes(pieces, "", MessageWriter().bytes(2, "abc").str())));
  const std::string endless = one_rule_map("x").substr(0, 4 + 4 * 66) + "x";
  EXPECT_PRED_FORMAT2(IsSubstring, "zero byte",
                      refusal(model_bytes(pieces, "", MessageWriter().bytes(2, endless).str())));
  EXPECT_EQ(refusal(model_bytes(pieces)), "(accepted)");
  const std::string whole = model_bytes(pieces);
  EXPECT_PRED_FORMAT2(IsSubstring, "expected", refusal(whole.substr(0, whole.size() - 1)));
}

// Whatever the damage: an InvalidArgument, or a model that encodes and decodes.
TEST(SentencePiece, SurvivesMutation) {
  std::vector<Piece> pieces = byte_pieces();
  pieces.push_back({"▁a", -2});
  pieces.push_back({"<s>", 0, PieceType::user_defined});
  const std::string whole = model_bytes(t5_pieces_and(pieces), t5_trainer() + MessageWriter().varint(35, 1).str(),
                                        MessageWriter().bytes(2, one_rule_map("aA ")).str());
  // Most of the file is byte pieces; most of the damage should not be there.
  const std::size_t tail = whole.size() - 600;
  Random random(1, "model mutation");
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string damaged = i % 4 == 0 ? fuzz::mutate(whole, random, {})
                                           : whole.substr(0, tail) + fuzz::mutate(whole.substr(tail), random, {});
    try {
      const SentencePiece model = SentencePiece::parse(damaged, "test");
      const Ids ids = model.encode("A cat AAA <s> 猫\xff a");
      for (const int id : ids) ASSERT_LT(id, model.vocabulary_size());
      model.decode(ids);
      ++accepted;
    } catch (const InvalidArgument&) {
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace hotshot::text
