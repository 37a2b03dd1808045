// Names that nobody else has, and secrets that nobody can guess; both from the system's random numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotshot::store {

/// "PREFIX_" and 26 characters of time and chance: ids sort by time of creation within a millisecond's precision.
/// Crockford's base32 in lower case: 48 bits of milliseconds since 1970, then 80 random ones.
std::string new_id(std::string_view prefix);
std::string new_id(std::string_view prefix, std::int64_t ms);

/// The time in an id; empty where it was not made by new_id.
std::optional<std::int64_t> id_time_ms(std::string_view id);

/// 256 random bits as base64url, 43 characters.
std::string new_secret();

}  // namespace hotshot::store
