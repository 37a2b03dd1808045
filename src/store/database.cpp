#include "store/database.h"

#include <chrono>

#include "base/error.h"

namespace hotshot::store {
namespace {

template <class T>
const T& typed(const std::vector<Value>& values, std::size_t i, std::string_view type) {
  const T* value = std::get_if<T>(&values.at(i));
  ensure(value != nullptr, "database", "expected {} in column {} but got another type", type, i);
  return *value;
}

}  // namespace

std::int64_t Row::integer(std::size_t i) const { return typed<std::int64_t>(values_, i, "an integer"); }

double Row::number(std::size_t i) const {
  const auto* whole = std::get_if<std::int64_t>(&values_.at(i));
  return whole ? static_cast<double>(*whole) : typed<double>(values_, i, "a number");
}

const std::string& Row::text(std::size_t i) const { return typed<std::string>(values_, i, "text"); }

std::optional<std::int64_t> Row::optional_integer(std::size_t i) const {
  if (is_null(i)) return {};
  return integer(i);
}

std::optional<std::string> Row::optional_text(std::size_t i) const {
  if (is_null(i)) return {};
  return text(i);
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace hotshot::store
