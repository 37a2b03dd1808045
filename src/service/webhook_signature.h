// Standard Webhooks (standardwebhooks.com), symmetric: how a receiver knows that a message is ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.h"

namespace hotshot::service {

/// "whsec_" and base64 of random bytes.
std::string new_webhook_secret();

/// "whsec_…" and the last four characters: enough to tell secrets apart, too little to guess one.
std::string webhook_secret_hint(std::string_view secret);

/// "v1,<base64 of HMAC-SHA256(secret, id.seconds.body)>". std::runtime_error for a secret of another form.
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                              std::string_view body);

}  // namespace hotshot::service
