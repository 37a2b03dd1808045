#include "weights/layout.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "weights/name_list.h"

namespace hotshot::weights {
namespace {

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string counted(const NameList& names, std::string_view kind) {
  return names.empty() ? "" : fmt::format("; {} {}: {}", names.count(), kind, names.text());
}

}  // namespace

Layout layout_of(const TensorMap& tensors) {
  Layout layout;
  for (const auto& [name, tensor] : tensors) layout.emplace(name, tensor.sizes().vec());
  return layout;
}

Layout layout_of(const std::vector<TensorInfo>& tensors) {
  Layout layout;
  for (const TensorInfo& info : tensors) layout.emplace(info.name, info.shape);
  return layout;
}

std::string difference(const Layout& expected, const Layout& actual) {
  NameList missing;
  NameList unexpected;
  NameList misshapen;
  for (const auto& [name, shape] : expected) {
    const auto found = actual.find(name);
    if (found == actual.end()) {
      missing.add(name);
    } else if (found->second != shape) {
      misshapen.add(fmt::format("{} (expected {} but got {})", name, shape_text(shape), shape_text(found->second)));
    }
  }
  for (const auto& [name, shape] : actual)
    if (!expected.contains(name)) unexpected.add(name);
  return counted(missing, "missing") + counted(unexpected, "unexpected") + counted(misshapen, "of the wrong shape");
}

void require_layout(const Layout& expected, const Layout& actual, std::string_view where) {
  const std::string text = difference(expected, actual);
  require(text.empty(), where, "expected {} tensors but the weights do not fit{}", expected.size(), text);
}

}  // namespace hotshot::weights
