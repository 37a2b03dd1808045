#include "weights/name_list.h"

#include <fmt/format.h>

namespace hotshot::weights {
namespace {

constexpr std::size_t kShown = 20;
constexpr std::size_t kShownBytes = 200;

}  // namespace

void NameList::add(std::string_view name) {
  if (++count_ > kShown) return;
  if (count_ > 1) shown_ += ", ";
  shown_ += name.substr(0, kShownBytes);
}

std::string NameList::text() const {
  if (count_ == 0) return "none";
  return count_ > kShown ? fmt::format("{}, and {} more", shown_, count_ - kShown) : shown_;
}

}  // namespace hotshot::weights
