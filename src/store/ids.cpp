#include "store/ids.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "store/database.h"

namespace hotshot::store {
namespace {

constexpr std::string_view kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr int kTimeLetters = 10, kLetters = 26;

void fill_random(void* out, std::size_t bytes) {
  // Up to 256 bytes come whole, unless a signal arrives before the system has random numbers at all.
  while (::getrandom(out, bytes, 0) != static_cast<ssize_t>(bytes))
    ensure(errno == EINTR, "random", "the system gave no random numbers: {}", std::strerror(errno));
}

}  // namespace

std::string new_id(std::string_view prefix) { return new_id(prefix, now_ms()); }

std::string new_id(std::string_view prefix, std::int64_t ms) {
  unsigned char random[kLetters - kTimeLetters];
  fill_random(random, sizeof random);
  std::string id(prefix);
  id += '_';
  for (int i = kTimeLetters - 1; i >= 0; --i) id += kBase32[(static_cast<std::uint64_t>(ms) >> (5 * i)) & 31];
  for (const unsigned char byte : random) id += kBase32[byte & 31];
  return id;
}

std::optional<std::int64_t> id_time_ms(std::string_view id) {
  const std::size_t line = id.rfind('_');
  if (line == std::string_view::npos || id.size() - line - 1 != kLetters) return {};
  std::uint64_t ms = 0;
  for (int i = 0; i < kLetters; ++i) {
    const std::size_t digit = kBase32.find(id[line + 1 + i]);
    if (digit == std::string_view::npos) return {};
    if (i < kTimeLetters) ms = ms << 5 | digit;
  }
  if (ms >> 48) return {};
  return static_cast<std::int64_t>(ms);
}

std::string new_secret() {
  unsigned char random[33];  // 264 bits are 44 letters; the last one goes
  fill_random(random, sizeof random);
  std::string secret;
  for (int i = 0; i < 33; i += 3) {
    const unsigned bits = random[i] << 16 | random[i + 1] << 8 | random[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) secret += kBase64Url[bits >> shift & 63];
  }
  secret.pop_back();
  return secret;
}

}  // namespace hotshot::store
