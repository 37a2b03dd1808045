// Values on their way to PostgreSQL and back, in its text format.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/database.h"

namespace hotshot::store {

/// The number of the type that the server is told for a value; 0 (it finds out) for NULL.
unsigned postgres_type(const Value& value);

/// Empty for NULL.
std::optional<std::string> postgres_text(const Value& value);

/// UTF-8 without NUL: what is not is replaced by U+FFFD, byte by byte.
std::string storable_text(std::string_view bytes);

/// A column's text as what it means; never NULL.
Value postgres_value(unsigned type, std::string_view text);

}  // namespace hotshot::store
