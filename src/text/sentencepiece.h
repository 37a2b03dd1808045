// Prompt → token ids for SentencePiece unigram vocabularies (Kudo 2018, "Subword regularization", section 3.2), the
// ones of T5, umT5 and our own models. The ids are those of the sentencepiece library.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/model_file.h"
#include "text/normalizer.h"
#include "text/trie.h"

namespace hotshot::text {

/// A loaded vocabulary. Immutable; encode and decode may be called from several threads.
class SentencePiece {
 public:
  /// Throws InvalidArgument for a file that is not a sound unigram model.
  static SentencePiece load(const std::filesystem::path& path);
  static SentencePiece parse(std::string_view bytes, const std::string& where);

  /// The most probable segmentation of the normalised text. Characters outside the vocabulary become bytes (with
  /// byte_fallback) or one unknown id per run. Control pieces in the text are plain text. No special ids are added.
  std::vector<int> encode(std::string_view utf8) const;
  /// The text of ids; control pieces vanish, malformed bytes become U+FFFD. Throws InvalidArgument for unknown ids.
  std::string decode(std::span<const int> ids) const;
  /// What encode segments.
  std::string normalize(std::string_view utf8) const { return normalizer_(utf8); }

  int vocabulary_size() const { return static_cast<int>(model_.pieces.size()); }
  /// Throws InvalidArgument for an id out of range.
  const Piece& piece(int id) const;
  /// The id of a piece of any type, by its exact text.
  std::optional<int> find(std::string_view text) const;
  bool byte_fallback() const { return model_.byte_fallback; }
  /// -1 where the vocabulary has none.
  int pad_id() const { return model_.pad_id; }
  int bos_id() const { return model_.bos_id; }
  int eos_id() const { return model_.eos_id; }
  int unk_id() const { return model_.unk_id; }

 private:
  struct Segment {
    std::size_t begin, end;
    int id;
  };
  SentencePiece(ModelFile model, const std::string& where);
  std::vector<Segment> best_segmentation(std::string_view normalized) const;

  ModelFile model_;
  Trie pieces_;
  Normalizer normalizer_;
  Normalizer denormalizer_;
  std::vector<int> byte_ids_;  // byte → id, with byte_fallback
  float unknown_score_ = 0;
  float best_score_ = 0;
};

}  // namespace hotshot::text
