// Prompt → ids as T5 and umT5 text encoders want them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/sentencepiece.h"

namespace hotshot::text {

/// The ids of transformers' T5Tokenizer: pieces, then </s>. Special pieces written out in a prompt ("</s>",
/// "<extra_id_0>") are plain text: a prompt cannot end itself.
class T5Tokenizer {
 public:
  /// Reads a tokenizer folder: spiece.model and, if there, tokenizer_config.json, whose class and special tokens must
  /// agree with it. Throws InvalidArgument.
  static T5Tokenizer load(const std::filesystem::path& folder);

  /// At most `max_length` ≥ 1 ids; a longer prompt is cut, </s> stays last.
  std::vector<int> operator()(std::string_view prompt, int max_length) const;
  /// The text of ids without padding and </s>.
  std::string decode(std::span<const int> ids) const { return pieces_.decode(ids); }

  /// Pads the ids to fixed lengths; masked out by the encoder.
  int pad_id() const { return pieces_.pad_id(); }
  int eos_id() const { return eos_id_; }
  /// Ids lie below this; the text encoder's embedding may have more rows.
  int vocabulary_size() const { return pieces_.vocabulary_size(); }
  const SentencePiece& pieces() const { return pieces_; }

 private:
  explicit T5Tokenizer(SentencePiece pieces) : pieces_(std::move(pieces)), eos_id_(pieces_.eos_id()) {}

  SentencePiece pieces_;
  int eos_id_;
};

}  // namespace hotshot::text
