#include "store/passwords.h"

#include <argon2.h>
#include <sys/random.h>

#include "base/error.h"

namespace hotshot::store {
namespace {

// OWASP's recommendation for machines that have other work to do.
constexpr std::uint32_t kPasses = 2, kKibibytes = 19 * 1024, kLanes = 1, kHashBytes = 32, kSaltBytes = 16;

}  // namespace

std::string hash_password(const std::string& password) {
  unsigned char salt[kSaltBytes];
  ensure(::getrandom(salt, sizeof salt, 0) == sizeof salt, "passwords", "the system gave no random numbers");
  std::string encoded(argon2_encodedlen(kPasses, kKibibytes, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const int code = argon2id_hash_encoded(kPasses, kKibibytes, kLanes, password.data(), password.size(), salt,
                                         sizeof salt, kHashBytes, encoded.data(), encoded.size());
  ensure(code == ARGON2_OK, "passwords", "cannot hash: {}", argon2_error_message(code));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool password_matches(const std::string& password, const std::string& hash) {
  return argon2id_verify(hash.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace hotshot::store
