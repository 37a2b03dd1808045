#include "text/trie.h"

#include <algorithm>

namespace hotshot::text {

Trie::Trie(const std::vector<Entry>& entries) {
  // Breadth first; span i is the range of entries that share the path to node i, `depth` bytes of it.
  struct Span {
    std::size_t begin, end, depth;
  };
  std::vector<Span> spans = {{0, entries.size(), 0}};
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    auto [begin, end, depth] = spans[node];
    if (begin < end && entries[begin].first.size() == depth) nodes_[node].value = entries[begin++].second;
    nodes_[node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (begin < end) {
      const char label = entries[begin].first[depth];
      std::size_t stop = begin + 1;
      while (stop < end && entries[stop].first[depth] == label) ++stop;
      spans.push_back({begin, stop, depth + 1});
      labels_.push_back(static_cast<unsigned char>(label));
      nodes_.emplace_back();
      ++nodes_[node].children;
      begin = stop;
    }
  }
}

std::optional<std::uint32_t> Trie::child(std::uint32_t node, char byte) const {
  const auto begin = labels_.begin() + nodes_[node].first_child;
  const auto end = begin + nodes_[node].children;
  const auto found = std::lower_bound(begin, end, static_cast<unsigned char>(byte));
  if (found == end || *found != static_cast<unsigned char>(byte)) return std::nullopt;
  return static_cast<std::uint32_t>(found - labels_.begin());
}

std::size_t Trie::longest_prefix(std::string_view text) const {
  std::size_t longest = 0;
  std::uint32_t node = kRoot;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto next = child(node, text[i]);
    if (!next) break;
    node = *next;
    if (value(node) >= 0) longest = i + 1;
  }
  return longest;
}

}  // namespace hotshot::text
