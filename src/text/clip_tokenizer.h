// Prompt → ids as CLIP's text towers want them (Radford et al. 2021, arXiv 2103.00020).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/byte_pairs.h"
#include "text/trie.h"

namespace hotshot::text {

/// Ids of a prompt with start, end and padding.
inline constexpr int kClipLength = 77;

/// The ids of transformers' CLIPTokenizer. Differences: <|startoftext|> and <|endoftext|> written out in a prompt are
/// plain text, so a prompt cannot end itself; added tokens are words of their own (see add_token).
class ClipTokenizer {
 public:
  /// Reads a tokenizer folder: the files of read_clip_vocabulary and, if there, tokenizer_config.json,
  /// special_tokens_map.json (padding) and added_tokens.json. Throws InvalidArgument.
  static ClipTokenizer load(const std::filesystem::path& folder);

  /// `where` names the source in errors; `pad` is a piece of the list.
  ClipTokenizer(const PieceList& list, std::string_view pad, const std::string& where);

  /// The ids of the text alone. Throws InvalidArgument for what check_prompt refuses.
  std::vector<int> encode(std::string_view text) const;
  /// Start, the first ids, end, then padding: `length` ≥ 2 ids, as diffusers cuts and fills up a prompt.
  std::vector<int> operator()(std::string_view prompt, int length = kClipLength) const;

  /// A word for vectors that were learnt from pictures (textual inversion, Gal et al. 2022, arXiv 2208.01618): from now
  /// on `token`, in any case, becomes `vectors` ids in a row, where no letter or digit continues it. Returns the first
  /// id, which is size() before the call. Throws InvalidArgument for a token that is empty, too long, surrounded by
  /// space or taken, or for fewer than 1 or more than 75 vectors.
  int add_token(std::string_view token, int vectors);

  int start_id() const { return start_id_; }
  int end_id() const { return end_id_; }
  int pad_id() const { return pad_id_; }
  /// Ids of the vocabulary lie below; those of added tokens follow.
  int vocabulary_size() const { return pairs_.size(); }
  /// All ids lie below this: rows that the text tower's embedding must have.
  int size() const { return size_; }
  /// How many ids in a row, the first of them `id`, belong to one added token; 1 for any other id.
  int vectors_at(int id) const;

 private:
  struct AddedToken {
    std::string text;  // as encode sees it
    int first_id;
    int vectors;
  };

  const AddedToken* added_at(std::string_view text, std::size_t at) const;
  void append_plain(std::string_view text, std::vector<int>& ids) const;

  BytePairs pairs_;
  int start_id_, end_id_, pad_id_, size_;
  std::vector<AddedToken> added_;
  Trie added_trie_;  // values are indices of added_
};

}  // namespace hotshot::text
