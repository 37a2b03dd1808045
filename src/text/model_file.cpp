#include "text/model_file.h"

#include <algorithm>
#include <bitset>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "text/protobuf.h"

namespace hotshot::text {
namespace {

constexpr std::size_t kMaxPieces = 4'000'000;
constexpr std::size_t kMaxPieceBytes = 4096;

Piece parse_piece(MessageReader reader, const std::string& where) {
  Piece piece;
  while (reader.next()) {
    if (reader.field() == 1) piece.text = reader.bytes();
    if (reader.field() == 2) piece.score = reader.float32();
    if (reader.field() != 3) continue;
    const std::uint64_t type = reader.varint();
    require(type >= 1 && type <= 6, where, "expected a piece type from 1 to 6 but got {}", type);
    piece.type = static_cast<PieceType>(type);
  }
  require(!piece.text.empty() && piece.text.size() <= kMaxPieceBytes, where,
          "expected pieces of 1 to {} bytes but got {}", kMaxPieceBytes, piece.text.size());
  require(std::isfinite(piece.score), where, "expected finite scores");
  return piece;
}

struct TrainerFields {
  int model_type = 1;
  int bos_id = 1;
  int eos_id = 2;
  int pad_id = -1;
};

void parse_trainer(MessageReader reader, ModelFile& model, TrainerFields& fields) {
  while (reader.next()) {
    switch (reader.field()) {
      case 3:
        fields.model_type = reader.int32();
        break;
      case 24:
        model.normalizer.space_after = reader.boolean();
        break;
      case 35:
        model.byte_fallback = reader.boolean();
        break;
      case 41:
        fields.bos_id = reader.int32();
        break;
      case 42:
        fields.eos_id = reader.int32();
        break;
      case 43:
        fields.pad_id = reader.int32();
        break;
      case 44:
        model.unknown_surface = reader.bytes();
        break;
      default:
        break;
    }
  }
}

void parse_normalizer(MessageReader reader, NormalizerOptions& options) {
  while (reader.next()) {
    switch (reader.field()) {
      case 1:
        options.name = reader.bytes();
        break;
      case 2:
        options.character_map = reader.bytes();
        break;
      case 3:
        options.dummy_prefix = reader.boolean();
        break;
      case 4:
        options.collapse_spaces = reader.boolean();
        break;
      case 5:
        options.mark_spaces = reader.boolean();
        break;
      default:
        break;
    }
  }
}

void check_pieces(ModelFile& model, const std::string& where) {
  std::vector<std::pair<std::string_view, bool>> names;  // reserved pieces are apart from those found in text
  std::bitset<256> bytes;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    const PieceType type = piece.type;
    const bool in_text = type == PieceType::normal || type == PieceType::user_defined || type == PieceType::unused;
    names.emplace_back(piece.text, in_text);
    if (type == PieceType::unknown) {
      require(model.unk_id < 0, where, "expected one unknown piece but got more");
      model.unk_id = static_cast<int>(id);
    }
    if (type == PieceType::byte) {
      const int byte = byte_of_piece(piece.text);
      require(model.byte_fallback && byte >= 0, where, "expected byte pieces <0x00> … with byte_fallback only");
      bytes.set(static_cast<std::size_t>(byte));
    }
  }
  require(model.unk_id >= 0, where, "expected an unknown piece but got none");
  require(!model.byte_fallback || bytes.all(), where, "expected all 256 byte pieces but got {}", bytes.count());
  std::sort(names.begin(), names.end());
  require(std::adjacent_find(names.begin(), names.end()) == names.end(), where, "expected distinct pieces");
}

// A special id of the trainer's settings counts only when that piece is a control piece of the vocabulary.
int control_id(const ModelFile& model, int id) {
  const bool known = id >= 0 && id < static_cast<int>(model.pieces.size());
  return known && model.pieces[static_cast<std::size_t>(id)].type == PieceType::control ? id : -1;
}

}  // namespace

int byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  int value = 0;
  for (const char digit : piece.substr(3, 2)) {
    const bool decimal = digit >= '0' && digit <= '9';
    if (!decimal && (digit < 'A' || digit > 'F')) return -1;
    value = value * 16 + (decimal ? digit - '0' : digit - 'A' + 10);
  }
  return value;
}

ModelFile parse_model_file(std::string_view bytes, const std::string& where) {
  ModelFile model;
  TrainerFields trainer;
  for (MessageReader reader(bytes, where); reader.next();) {
    if (reader.field() == 1) {
      require(model.pieces.size() < kMaxPieces, where, "expected at most {} pieces", kMaxPieces);
      model.pieces.push_back(parse_piece(reader.message(), where));
    }
    if (reader.field() == 2) parse_trainer(reader.message(), model, trainer);
    if (reader.field() == 3) parse_normalizer(reader.message(), model.normalizer);
    if (reader.field() == 5) parse_normalizer(reader.message(), model.denormalizer);
    model.has_denormalizer |= reader.field() == 5;
  }
  require(!model.pieces.empty(), where, "expected a SentencePiece model but it has no pieces");
  require(trainer.model_type == 1, where, "expected a unigram model (type 1) but got type {}{}", trainer.model_type,
          trainer.model_type == 2 ? ", byte-pair encoding" : "");
  check_pieces(model, where);
  model.bos_id = control_id(model, trainer.bos_id);
  model.eos_id = control_id(model, trainer.eos_id);
  model.pad_id = control_id(model, trainer.pad_id);
  return model;
}

ModelFile read_model_file(const std::filesystem::path& path) {
  return parse_model_file(read_file(path), fmt::format("text {}", path.string()));
}

}  // namespace hotshot::text
