#include "text/sentencepiece.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

constexpr float kUnknownPenalty = 10;

bool found_in_text(PieceType type) {
  return type == PieceType::normal || type == PieceType::user_defined || type == PieceType::unused;
}

template <class Wanted>
Trie make_trie(const std::vector<Piece>& pieces, Wanted wanted) {
  std::vector<Trie::Entry> entries;
  for (std::size_t id = 0; id < pieces.size(); ++id)
    if (wanted(pieces[id].type)) entries.emplace_back(pieces[id].text, static_cast<int>(id));
  std::sort(entries.begin(), entries.end());
  return Trie(entries);
}

// Bytes of the character a lead byte announces; 1 for what is no lead byte.
std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Appends bytes that were ids, with U+FFFD for each that is part of no character.
void flush_bytes(std::string& bytes, std::string& text) {
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto character = first_code_point(rest);
    text += character ? rest.substr(0, character->bytes) : kReplacement;
    rest.remove_prefix(character ? character->bytes : 1);
  }
  bytes.clear();
}

void append_with_spaces(std::string& text, std::string_view piece) {
  for (std::size_t mark; (mark = piece.find(kSpaceMark)) != std::string_view::npos;) {
    text.append(piece.substr(0, mark)).push_back(' ');
    piece.remove_prefix(mark + kSpaceMark.size());
  }
  text += piece;
}

}  // namespace

SentencePiece SentencePiece::load(const std::filesystem::path& path) {
  return {read_model_file(path), fmt::format("text {}", path.string())};
}

SentencePiece SentencePiece::parse(std::string_view bytes, const std::string& where) {
  return {parse_model_file(bytes, where), where};
}

SentencePiece::SentencePiece(ModelFile model, const std::string& where) : model_(std::move(model)) {
  pieces_ = make_trie(model_.pieces, found_in_text);
  const auto user_defined = [](PieceType type) { return type == PieceType::user_defined; };
  normalizer_ = Normalizer(model_.normalizer, make_trie(model_.pieces, user_defined), where);
  if (model_.has_denormalizer) denormalizer_ = Normalizer(model_.denormalizer, {}, where);
  // The library starts the maximum at the smallest positive float, so it stays there: scores are log probabilities.
  float worst = std::numeric_limits<float>::max();
  best_score_ = std::numeric_limits<float>::min();
  byte_ids_.assign(model_.byte_fallback ? 256 : 0, model_.unk_id);
  for (std::size_t id = 0; id < model_.pieces.size(); ++id) {
    const Piece& piece = model_.pieces[id];
    if (piece.type == PieceType::normal) {
      worst = std::min(worst, piece.score);
      best_score_ = std::max(best_score_, piece.score);
    } else if (piece.type == PieceType::byte) {
      byte_ids_[static_cast<std::size_t>(byte_of_piece(piece.text))] = static_cast<int>(id);
    }
  }
  unknown_score_ = worst - kUnknownPenalty;
}

// Viterbi over character boundaries: best[i] is the best way to reach byte i. Ties and roundings decide ids, so the
// arithmetic is the library's: sums kept in float, a candidate through a piece compared in double.
std::vector<SentencePiece::Segment> SentencePiece::best_segmentation(std::string_view text) const {
  struct Best {
    float score = 0;
    std::ptrdiff_t begin = -1;
    int id = -1;
  };
  std::vector<Best> best(text.size() + 1);
  const auto offer = [&](std::size_t begin, std::size_t end, int id, auto score) {
    const auto total = score + best[begin].score;
    if (best[end].begin < 0 || total > best[end].score)
      best[end] = {static_cast<float>(total), static_cast<std::ptrdiff_t>(begin), id};
  };
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t after = std::min(begin + character_bytes(text[begin]), text.size());
    bool covered = false;  // some piece is exactly this character
    auto node = std::optional<std::uint32_t>(Trie::kRoot);
    for (std::size_t end = begin; end < text.size();) {
      node = pieces_.child(*node, text[end++]);
      if (!node) break;
      const int id = pieces_.value(*node);
      if (id < 0 || model_.pieces[static_cast<std::size_t>(id)].type == PieceType::unused) continue;
      const Piece& piece = model_.pieces[static_cast<std::size_t>(id)];
      const double score = piece.type == PieceType::user_defined ? static_cast<float>(end - begin) * best_score_ - 0.1
                                                                 : static_cast<double>(piece.score);
      offer(begin, end, id, score);
      covered |= end == after;
    }
    if (!covered) offer(begin, after, model_.unk_id, unknown_score_);
    begin = after;
  }
  std::vector<Segment> segments;
  for (std::size_t end = text.size(); end > 0; end = segments.back().begin)
    segments.push_back({static_cast<std::size_t>(best[end].begin), end, best[end].id});
  std::reverse(segments.begin(), segments.end());
  return segments;
}

std::vector<int> SentencePiece::encode(std::string_view utf8) const {
  const std::string text = normalizer_(utf8);
  std::vector<int> ids;
  bool after_unknown = false;
  for (const Segment& segment : best_segmentation(text)) {
    const bool unknown = segment.id == model_.unk_id;
    if (unknown && model_.byte_fallback) {
      for (std::size_t i = segment.begin; i < segment.end; ++i)
        ids.push_back(byte_ids_[static_cast<unsigned char>(text[i])]);
    } else if (!unknown || !after_unknown) {
      ids.push_back(segment.id);
    }
    after_unknown = unknown;
  }
  return ids;
}

std::string SentencePiece::decode(std::span<const int> ids) const {
  std::string text;
  std::string bytes;
  const bool drops_space = model_.normalizer.dummy_prefix || model_.normalizer.collapse_spaces;
  bool at_start = true;
  bool dropped = false;
  for (const int id : ids) {
    const Piece& current = piece(id);
    if (current.type == PieceType::byte) {
      bytes.push_back(static_cast<char>(byte_of_piece(current.text)));
      continue;
    }
    flush_bytes(bytes, text);
    if (dropped || !text.empty()) at_start = false;
    dropped = false;
    if (current.type == PieceType::control) continue;
    if (current.type == PieceType::unknown) {
      text += model_.unknown_surface;
      continue;
    }
    std::string_view rest = current.text;
    if (at_start && drops_space && rest.starts_with(kSpaceMark)) {
      rest.remove_prefix(kSpaceMark.size());
      dropped = !model_.normalizer.collapse_spaces;  // when collapsing, every space in front goes
    }
    append_with_spaces(text, rest);
  }
  flush_bytes(bytes, text);
  return model_.has_denormalizer ? denormalizer_(text) : text;
}

const Piece& SentencePiece::piece(int id) const {
  require(id >= 0 && id < vocabulary_size(), "text", "expected an id below {} but got {}", vocabulary_size(), id);
  return model_.pieces[static_cast<std::size_t>(id)];
}

std::optional<int> SentencePiece::find(std::string_view text) const {
  const auto found =
      std::find_if(model_.pieces.begin(), model_.pieces.end(), [&](const Piece& piece) { return piece.text == text; });
  if (found == model_.pieces.end()) return std::nullopt;
  return static_cast<int>(found - model_.pieces.begin());
}

}  // namespace hotshot::text
