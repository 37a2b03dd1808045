// What a SentencePiece .model file holds (sentencepiece_model.proto), validated for a unigram model.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalizer.h"

namespace hotshot::text {

enum class PieceType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Piece {
  std::string text;
  float score = 0;  // log probability
  PieceType type = PieceType::normal;
};

struct ModelFile {
  std::vector<Piece> pieces;  // by id
  NormalizerOptions normalizer;
  NormalizerOptions denormalizer;
  bool has_denormalizer = false;
  bool byte_fallback = false;
  std::string unknown_surface = " \xE2\x81\x87 ";  // what an unknown piece decodes to
  int unk_id = -1;
  int bos_id = -1;
  int eos_id = -1;
  int pad_id = -1;
};

/// Parses and checks: unigram, one unknown piece, pieces distinct and not empty, finite scores, all 256 byte pieces
/// when byte_fallback is on. Throws InvalidArgument, "[where] …".
ModelFile parse_model_file(std::string_view bytes, const std::string& where);
/// The same from a file of at most 64 MiB.
ModelFile read_model_file(const std::filesystem::path& path);

/// The byte a piece like "<0x0A>" stands for, or -1.
int byte_of_piece(std::string_view piece);

}  // namespace hotshot::text
