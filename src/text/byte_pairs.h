// Byte-pair encoding of words (Sennrich et al. 2016, arXiv 1508.07909) over bytes (Radford et al. 2019, GPT-2), the
// last piece of a word marked: CLIP's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hotshot::text {

/// Ends the last piece of a word.
inline constexpr std::string_view kWordEnd = "</w>";

/// Two pieces that become one.
using Merge = std::pair<std::string, std::string>;

/// What a tokenizer is made of. Bytes stand in pieces as the visible characters of visible_byte.
struct PieceList {
  std::vector<std::string> pieces;  // by id
  std::vector<Merge> merges;        // the first is done first
};

/// How GPT-2 writes a byte: itself where it is a visible character of Latin-1, else one of U+0100 to U+0143. UTF-8.
std::string visible_byte(unsigned char byte);

/// All bytes in the order in which GPT-2 numbers them: the visible ones first.
std::array<unsigned char, 256> byte_order();

class BytePairs {
 public:
  /// Every byte must be a piece, both alone and ending a word; the parts and the result of every merge must be pieces.
  /// Throws InvalidArgument, "[where] …".
  BytePairs(const PieceList& list, const std::string& where);

  /// Appends the ids of one word, at most one for each byte; takes n log n steps.
  void append(std::string_view word, std::vector<int>& ids) const;

  /// The id of a piece as files write it.
  std::optional<int> find(const std::string& piece) const;
  /// Ids lie below.
  int size() const { return static_cast<int>(ids_.size()); }

 private:
  struct Result {
    int rank;
    int id;
  };
  static std::uint64_t key(int left, int right);
  const Result* merge_of(int left, int right) const;

  std::unordered_map<std::string, int> ids_;
  std::unordered_map<std::uint64_t, Result> merges_;  // by the ids of both parts
  std::array<int, 256> byte_ids_{}, last_byte_ids_{};
};

}  // namespace hotshot::text
