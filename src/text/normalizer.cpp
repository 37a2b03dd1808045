#include "text/normalizer.h"

#include <cstring>

#include "base/error.h"
#include "text/utf8.h"

namespace hotshot::text {
namespace {

// One unit of a Darts-clone double array. Bit 31 marks a leaf, which holds a value; others hold a label and an offset.
struct Unit {
  std::uint32_t bits;
  bool has_leaf() const { return (bits >> 8 & 1) != 0; }
  std::uint32_t value() const { return bits & 0x7FFFFFFF; }
  std::uint32_t label() const { return bits & 0x800000FF; }
  std::uint32_t offset() const { return (bits >> 10) << ((bits & 0x200) >> 6); }
};

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

CharacterMap::CharacterMap(std::string_view blob, const std::string& where) {
  if (blob.empty()) return;
  require(blob.size() > 4, where, "expected a character map but got {} bytes", blob.size());
  const std::uint32_t trie_bytes = read_u32(blob);
  blob.remove_prefix(4);
  require(trie_bytes >= 4 && trie_bytes % 4 == 0 && trie_bytes < blob.size(), where,
          "expected a character map's trie within {} bytes but got {}", blob.size(), trie_bytes);
  for (std::size_t at = 0; at < trie_bytes; at += 4) units_.push_back(read_u32(blob.substr(at)));
  replacements_ = blob.substr(trie_bytes);
  require(replacements_.back() == '\0', where, "expected a character map that ends with a zero byte");
}

CharacterMap::Match CharacterMap::longest(std::string_view text) const {
  Match match;
  if (units_.empty()) return match;
  std::size_t position = Unit{units_[0]}.offset();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    position ^= byte;
    if (position >= units_.size()) break;
    const Unit unit{units_[position]};
    if (unit.label() != byte) break;
    position ^= unit.offset();
    if (!unit.has_leaf()) continue;
    if (position >= units_.size()) break;
    const std::uint32_t value = Unit{units_[position]}.value();
    if (value < replacements_.size()) match = {i + 1, replacements_.data() + value};
  }
  return match;
}

Normalizer::Normalizer(const NormalizerOptions& options, Trie untouched, const std::string& where)
    : options_(options), untouched_(std::move(untouched)), map_(options.character_map, where) {
  options_.character_map.clear();
}

Normalizer::Step Normalizer::step(std::string_view text) const {
  if (const std::size_t bytes = untouched_.longest_prefix(text)) return {text.substr(0, bytes), bytes};
  if (const auto match = map_.longest(text); match.bytes > 0) return {match.replacement, match.bytes};
  if (const auto character = first_code_point(text)) return {text.substr(0, character->bytes), character->bytes};
  return {kReplacement, 1};
}

void Normalizer::append(std::string& out, std::string_view text) const {
  for (const char byte : text) {
    if (byte == ' ' && options_.mark_spaces) {
      out += kSpaceMark;
    } else {
      out += byte;
    }
  }
}

std::string Normalizer::operator()(std::string_view text) const {
  const std::size_t limit = 32 * text.size() + 1024;
  if (options_.collapse_spaces) {
    for (Step next = step(text); !text.empty() && next.text == " "; next = step(text))
      text.remove_prefix(next.consumed);
  }
  if (text.empty()) return {};
  std::string out;
  if (options_.dummy_prefix && !options_.space_after) append(out, " ");
  bool after_space = options_.collapse_spaces;
  while (!text.empty()) {
    auto [piece, consumed] = step(text);
    while (after_space && piece.starts_with(' ')) piece.remove_prefix(1);
    append(out, piece);
    if (!piece.empty()) after_space = options_.collapse_spaces && piece.ends_with(' ');
    text.remove_prefix(consumed);
    require(out.size() <= limit, "text", "expected replacement rules that keep text below {} bytes", limit);
  }
  if (options_.collapse_spaces) {
    const std::string_view space = options_.mark_spaces ? kSpaceMark : " ";
    while (out.ends_with(space)) out.resize(out.size() - space.size());
  }
  if (options_.dummy_prefix && options_.space_after) append(out, " ");
  return out;
}

}  // namespace hotshot::text
