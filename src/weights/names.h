// Tensors from files under the names a network uses, and into the tensors it has.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/safetensors.h"

namespace hotshot::weights {

/// A name in a file and the name wanted instead. "{}" stands for one or more characters other than '.', and the n-th
/// "{}" of the second is what the n-th of the first matched. A first string that ends in '.', or is empty, is a prefix:
/// what follows it is kept. {"blocks.{}.self_attn.q.", "blocks.{}.attn1.to_q."} renames weight and bias of every block.
using RenamePair = std::pair<std::string_view, std::string_view>;

/// `name` by the first pair that matches, or unchanged.
std::string renamed(std::string_view name, std::span<const RenamePair> table);

/// The names that a pair of the table turns into `name`: renamed() backwards.
std::vector<std::string> originals(std::string_view name, std::span<const RenamePair> table);

/// Renames every key once. Two keys that end up under one name are InvalidArgument.
TensorMap rename(TensorMap tensors, std::span<const RenamePair> table);

/// The tensors whose name starts with `prefix`, without it.
TensorMap with_prefix(const TensorMap& tensors, std::string_view prefix);

/// A tensor of a network under the name it has in files. It shares the network's memory, being a handle.
struct Slot {
  std::string name;
  at::Tensor tensor;
};

enum class AssignMode {
  copy,   // values are copied, converted to the destination's type and device
  alias,  // the destination takes the source's memory where type and device agree; else as copy
};

/// Fills every destination from the source. Missing, unexpected and wrongly shaped names are one InvalidArgument (that
/// of require_layout), thrown before anything is changed. What was copied is let go at once: of a source that nobody
/// else holds, no more than a tensor lies in memory twice.
void assign(TensorMap source, std::span<const Slot> destinations, std::string_view where,
            AssignMode mode = AssignMode::copy);

}  // namespace hotshot::weights
