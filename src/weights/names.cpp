#include "weights/names.h"

#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>

#include <optional>
#include <set>

#include "base/error.h"
#include "weights/name_list.h"

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

std::string shape_text(const at::Tensor& tensor) { return fmt::format("[{}]", fmt::join(tensor.sizes().vec(), ", ")); }

std::string counted(const NameList& names, std::string_view kind) {
  return names.empty() ? "" : fmt::format("; {} {}: {}", names.count(), kind, names.text());
}

void require_same_names(const TensorMap& source, std::span<const Slot> destinations, std::string_view where) {
  NameList missing;
  NameList unexpected;
  NameList misshapen;
  std::set<std::string_view> known;
  for (const Slot& slot : destinations) {
    ensure(known.insert(slot.name).second, where, "expected each destination once but '{}' is there twice", slot.name);
    const auto found = source.find(slot.name);
    if (found == source.end()) {
      missing.add(slot.name);
    } else if (found->second.sizes() != slot.tensor.sizes()) {
      misshapen.add(
          fmt::format("{} (expected {} but got {})", slot.name, shape_text(slot.tensor), shape_text(found->second)));
    }
  }
  for (const auto& [name, tensor] : source)
    if (!known.contains(name)) unexpected.add(name);
  require(missing.count() + unexpected.count() + misshapen.count() == 0, where,
          "expected {} tensors but the weights do not fit{}{}{}", destinations.size(), counted(missing, "missing"),
          counted(unexpected, "unexpected"), counted(misshapen, "of the wrong shape"));
}

}  // namespace

std::string renamed(std::string_view name, std::span<const RenamePair> table) {
  for (const auto& [from, to] : table) {
    std::vector<std::string_view> holes;
    if (const auto rest = match(name, from, holes)) return fill(to, holes) + std::string(*rest);
  }
  return std::string(name);
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

void assign(const TensorMap& source, std::span<const Slot> destinations, std::string_view where, AssignMode mode) {
  require_same_names(source, destinations, where);
  const at::NoGradGuard no_grad;
  for (const Slot& slot : destinations) {
    const at::Tensor& value = source.at(slot.name);
    const bool same = value.scalar_type() == slot.tensor.scalar_type() && value.device() == slot.tensor.device();
    if (mode == AssignMode::alias && same) {
      slot.tensor.set_data(value);
    } else {
      slot.tensor.copy_(value);
    }
  }
}

}  // namespace hotshot::weights
