// Bytes in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hotshot::service {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);

/// The inverse; empty for what is not of that form.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace hotshot::service
