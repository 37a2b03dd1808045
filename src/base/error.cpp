#include "base/error.h"

#include <fmt/ranges.h>

namespace hotshot {

void throw_invalid(std::string_view where, std::string_view message) {
  throw InvalidArgument(fmt::format("[{}] {}", where, message));
}

void throw_failure(std::string_view where, std::string_view message) {
  throw std::runtime_error(fmt::format("[{}] {}", where, message));
}

void throw_unknown(std::string_view where, std::string_view name, const std::vector<std::string>& known) {
  throw_invalid(where, fmt::format("expected one of {} but got '{}'", fmt::join(known, ", "), name));
}

}  // namespace hotshot
