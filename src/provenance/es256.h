// ES256 (RFC 9053): ECDSA on P-256 with SHA-256, the nonce derived from key and message (RFC 6979), so that the same
// bytes signed twice give the same file. OpenSSL 3.0 has no switch for that.
#pragma once

#include <string>
#include <string_view>

#include "provenance/openssl.h"

namespace hotshot::provenance {

inline constexpr std::size_t kEs256Bytes = 64;

/// r and s, 32 bytes each. `key` is a private one on P-256: InvalidArgument, "[signing] …", for any other.
std::string sign_es256(const EVP_PKEY& key, std::string_view message);

}  // namespace hotshot::provenance
