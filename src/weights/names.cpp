#include "weights/names.h"

#include <ATen/core/grad_mode.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "weights/layout.h"

namespace hotshot::weights {
namespace {

constexpr std::string_view kHole = "{}";

// Matches `name` against `pattern`; appends what each hole took. The result is the rest of the name (empty unless the
// pattern is a prefix). Holes end at the next '.', so a match is unique and takes linear time.
std::optional<std::string_view> match(std::string_view name, std::string_view pattern,
                                      std::vector<std::string_view>& holes) {
  const bool prefix = pattern.empty() || pattern.ends_with('.');
  while (!pattern.empty()) {
    const std::size_t literal = std::min(pattern.find(kHole), pattern.size());
    if (!name.starts_with(pattern.substr(0, literal))) return std::nullopt;
    name.remove_prefix(literal);
    pattern.remove_prefix(literal);
    if (pattern.empty()) break;
    pattern.remove_prefix(kHole.size());
    const std::size_t taken = std::min(name.find('.'), name.size());
    if (taken == 0) return std::nullopt;
    holes.push_back(name.substr(0, taken));
    name.remove_prefix(taken);
  }
  if (!prefix && !name.empty()) return std::nullopt;
  return name;
}

std::string fill(std::string_view pattern, const std::vector<std::string_view>& holes) {
  std::string result;
  for (std::size_t n = 0;; ++n) {
    const std::size_t hole = pattern.find(kHole);
    result += pattern.substr(0, hole);
    if (hole == std::string_view::npos) return result;
    ensure(n < holes.size(), "weights", "expected at most {} '{{}}' in a name to rename to but got more: '{}'",
           holes.size(), pattern);
    result += holes[n];
    pattern.remove_prefix(hole + kHole.size());
  }
}

Layout layout_of(std::span<const Slot> slots, std::string_view where) {
  Layout layout;
  for (const Slot& slot : slots)
    ensure(layout.emplace(slot.name, slot.tensor.sizes().vec()).second, where,
           "expected each destination once but '{}' is there twice", slot.name);
  return layout;
}

}  // namespace

std::string renamed(std::string_view name, std::span<const RenamePair> table) {
  for (const auto& [from, to] : table) {
    std::vector<std::string_view> holes;
    if (const auto rest = match(name, from, holes)) return fill(to, holes) + std::string(*rest);
  }
  return std::string(name);
}

std::vector<std::string> originals(std::string_view name, std::span<const RenamePair> table) {
  std::vector<std::string> names;
  for (const auto& [from, to] : table) {
    std::vector<std::string_view> holes;
    if (const auto rest = match(name, to, holes)) names.push_back(fill(from, holes) + std::string(*rest));
  }
  return names;
}

TensorMap rename(TensorMap tensors, std::span<const RenamePair> table) {
  TensorMap result;
  while (!tensors.empty()) {
    auto node = tensors.extract(tensors.begin());
    const std::string old = node.key();
    node.key() = renamed(old, table);
    const auto inserted = result.insert(std::move(node));
    require(inserted.inserted, "weights", "expected distinct names but '{}' and another both become '{}'", old,
            inserted.position->first);
  }
  return result;
}

TensorMap with_prefix(const TensorMap& tensors, std::string_view prefix) {
  TensorMap result;
  for (auto entry = tensors.lower_bound(std::string(prefix)); entry != tensors.end(); ++entry) {
    if (!entry->first.starts_with(prefix)) break;
    result.emplace(entry->first.substr(prefix.size()), entry->second);
  }
  return result;
}

void assign(TensorMap source, std::span<const Slot> destinations, std::string_view where, AssignMode mode) {
  require_layout(layout_of(destinations, where), layout_of(source), where);
  const at::NoGradGuard no_grad;
  for (const Slot& slot : destinations) {
    const at::Tensor value = std::move(source.at(slot.name));
    const bool same = value.scalar_type() == slot.tensor.scalar_type() && value.device() == slot.tensor.device();
    if (mode == AssignMode::alias && same) {
      slot.tensor.set_data(value);
    } else {
      slot.tensor.copy_(value);
    }
  }
}

}  // namespace hotshot::weights
