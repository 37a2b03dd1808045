// Strings with numbers, found byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace hotshot::text {

/// A prefix tree. Children of a node lie side by side in the order of their bytes.
class Trie {
 public:
  using Entry = std::pair<std::string_view, std::int32_t>;  // a string and its value ≥ 0

  Trie() = default;
  /// The entries must be sorted by string, distinct, not empty.
  explicit Trie(const std::vector<Entry>& entries);

  static constexpr std::uint32_t kRoot = 0;
  /// The node reached from `node` by `byte`; none when no string goes on so.
  std::optional<std::uint32_t> child(std::uint32_t node, char byte) const;
  /// The value of the string that ends at `node`, or -1.
  std::int32_t value(std::uint32_t node) const { return nodes_[node].value; }
  /// Length of the longest string that `text` starts with, 0 for none.
  std::size_t longest_prefix(std::string_view text) const;
  bool empty() const { return nodes_.size() <= 1; }

 private:
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
    std::int32_t value = -1;
  };
  std::vector<Node> nodes_{Node{}};
  std::vector<unsigned char> labels_{0};  // the byte that leads to each node
};

}  // namespace hotshot::text
