#include "text/byte_pairs.h"

#include <queue>
#include <tuple>

#include "base/error.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

bool is_visible(unsigned char byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// A piece of a word on the way. Neighbours by index, -1 at the ends.
struct Piece {
  int id;
  int previous;
  int next;
};

// The lowest rank first, then the leftmost.
struct Candidate {
  int rank;
  int at;  // the left piece
  int id;  // of both
  bool operator<(const Candidate& other) const { return std::tie(rank, at) > std::tie(other.rank, other.at); }
};

constexpr int kGone = -1;  // id of a piece that its left neighbour took in

}  // namespace

std::array<unsigned char, 256> byte_order() {
  std::array<unsigned char, 256> order{};
  std::size_t count = 0;
  for (const bool visible : {true, false})
    for (int byte = 0; byte < 256; ++byte)
      if (is_visible(static_cast<unsigned char>(byte)) == visible) order[count++] = static_cast<unsigned char>(byte);
  return order;
}

std::string visible_byte(unsigned char byte) {
  char32_t character = byte;
  if (!is_visible(byte)) {
    character = 0x100;
    for (int other = 0; other < byte; ++other) character += !is_visible(static_cast<unsigned char>(other));
  }
  std::string text;
  append_code_point(text, character);
  return text;
}

BytePairs::BytePairs(const PieceList& list, const std::string& where) {
  require(list.pieces.size() < (1u << 24), where, "expected fewer than 2^24 pieces but got {}", list.pieces.size());
  for (const std::string& piece : list.pieces)
    require(ids_.emplace(piece, size()).second, where, "expected distinct pieces but '{}' is there twice",
            piece.substr(0, 100));
  const auto id_of = [&](const std::string& piece) {
    const auto id = find(piece);
    require(id.has_value(), where, "expected a piece '{}' but the vocabulary has none", piece.substr(0, 100));
    return id.value_or(0);
  };
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = visible_byte(static_cast<unsigned char>(byte));
    byte_ids_[static_cast<std::size_t>(byte)] = id_of(text);
    last_byte_ids_[static_cast<std::size_t>(byte)] = id_of(text + std::string(kWordEnd));
  }
  for (const auto& [left, right] : list.merges) {
    const Result result{static_cast<int>(merges_.size()), id_of(left + right)};
    require(merges_.emplace(key(id_of(left), id_of(right)), result).second, where,
            "expected distinct merges but '{} {}' is there twice", left.substr(0, 100), right.substr(0, 100));
  }
}

std::uint64_t BytePairs::key(int left, int right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
}

const BytePairs::Result* BytePairs::merge_of(int left, int right) const {
  const auto found = merges_.find(key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

std::optional<int> BytePairs::find(const std::string& piece) const {
  const auto found = ids_.find(piece);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void BytePairs::append(std::string_view word, std::vector<int>& ids) const {
  if (word.empty()) return;
  std::vector<Piece> pieces;
  const int count = static_cast<int>(word.size());
  for (int i = 0; i < count; ++i) {
    const auto& alphabet = i + 1 < count ? byte_ids_ : last_byte_ids_;
    pieces.push_back(
        {alphabet[static_cast<unsigned char>(word[static_cast<std::size_t>(i)])], i - 1, i + 1 < count ? i + 1 : -1});
  }
  const auto piece = [&](int at) -> Piece& { return pieces[static_cast<std::size_t>(at)]; };
  std::priority_queue<Candidate> queue;
  const auto consider = [&](int at) {
    if (at < 0 || piece(at).next < 0) return;
    if (const Result* merge = merge_of(piece(at).id, piece(piece(at).next).id))
      queue.push({merge->rank, at, merge->id});
  };
  for (int i = 0; i < count; ++i) consider(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Piece& left = piece(best.at);
    if (left.id == kGone || left.next < 0) continue;
    Piece& right = piece(left.next);
    const Result* merge = merge_of(left.id, right.id);
    if (!merge || merge->id != best.id) continue;  // a neighbour has changed since
    left.id = best.id;
    left.next = right.next;
    right.id = kGone;
    if (left.next >= 0) piece(left.next).previous = best.at;
    consider(left.previous);
    consider(best.at);
  }
  for (int at = 0; at >= 0; at = piece(at).next) ids.push_back(piece(at).id);
}

}  // namespace hotshot::text
