#include "service/webhook_signature.h"

#include "base/digest.h"
#include "base/error.h"
#include "service/base64.h"
#include "store/ids.h"

namespace hotshot::service {
namespace {

constexpr std::string_view kPrefix = "whsec_";

}  // namespace

// 43 characters of chance that hold 256 bits: of the 24 to 64 bytes that the standard wants.
std::string new_webhook_secret() { return std::string(kPrefix) + base64(store::new_secret()); }

std::string webhook_secret_hint(std::string_view secret) {
  return fmt::format("{}…{}", kPrefix, secret.substr(secret.size() - std::min<std::size_t>(secret.size(), 4)));
}

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                              std::string_view body) {
  const auto key = secret.starts_with(kPrefix) ? from_base64(secret.substr(kPrefix.size())) : std::nullopt;
  ensure(key.has_value(), "webhooks", "expected a secret as {} and base64 but got another form", kPrefix);
  return "v1," + base64(hmac_sha256(*key, fmt::format("{}.{}.{}", id, unix_seconds, body)));
}

}  // namespace hotshot::service
