// Passwords as Argon2id (RFC 9106), in the encoding that names its own parameters.
#pragma once

#include <string>

namespace hotshot::store {

/// Slow on purpose: some 50 ms and 19 MiB.
std::string hash_password(const std::string& password);
/// False too where `hash` is no hash. In constant time with regard to what differs.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace hotshot::store
