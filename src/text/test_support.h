// For the tests of this folder: SentencePiece model files made by hand.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/model_file.h"

namespace hotshot::text {

/// Writes protocol buffer fields.
class MessageWriter {
 public:
  MessageWriter& varint(int field, std::uint64_t value) {
    number(static_cast<std::uint64_t>(field) << 3);
    number(value);
    return *this;
  }
  MessageWriter& bytes(int field, std::string_view value) {
    number(static_cast<std::uint64_t>(field) << 3 | 2);
    number(value.size());
    out_ += value;
    return *this;
  }
  MessageWriter& float32(int field, float value) {
    number(static_cast<std::uint64_t>(field) << 3 | 5);
    return fixed32(std::bit_cast<std::uint32_t>(value));
  }
  MessageWriter& fixed32(std::uint32_t value) {
    for (int i = 0; i < 4; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }
  const std::string& str() const { return out_; }

 private:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  std::string out_;
};

inline std::string piece_message(const Piece& piece) {
  MessageWriter writer;
  writer.bytes(1, piece.text).float32(2, piece.score);
  if (piece.type != PieceType::normal) writer.varint(3, static_cast<std::uint64_t>(piece.type));
  return writer.str();
}

/// A .model file. The trainer's and normaliser's settings are given as messages.
inline std::string model_bytes(const std::vector<Piece>& pieces, const std::string& trainer = {},
                               const std::string& normalizer = {}) {
  MessageWriter writer;
  for (const Piece& piece : pieces) writer.bytes(1, piece_message(piece));
  return writer.bytes(2, trainer).bytes(3, normalizer).str();
}

/// pad 0, eos 1, unk 2: T5's.
inline std::string t5_trainer() {
  return MessageWriter().varint(41, ~std::uint64_t{0}).varint(42, 1).varint(43, 0).varint(40, 2).str();
}

inline std::vector<Piece> t5_pieces() {
  return {{"<pad>", 0, PieceType::control}, {"</s>", 0, PieceType::control}, {"<unk>", 0, PieceType::unknown}};
}

/// Pieces of T5 and these words, each with its log probability.
inline std::vector<Piece> t5_pieces_and(const std::vector<Piece>& more) {
  std::vector<Piece> pieces = t5_pieces();
  pieces.insert(pieces.end(), more.begin(), more.end());
  return pieces;
}

/// A character map of one rule: 'A' becomes `replacement`. Units: root → 64 (label 'A', with a leaf) → 65 (value 0).
inline std::string one_rule_map(std::string_view replacement) {
  MessageWriter writer;
  writer.fixed32(4 * 66).fixed32(1 << 10);
  for (int i = 1; i < 64; ++i) writer.fixed32(0xFF);
  writer.fixed32('A' | 1 << 8 | 1 << 10).fixed32(std::uint32_t{1} << 31);
  return writer.str() + std::string(replacement) + '\0';
}

}  // namespace hotshot::text
