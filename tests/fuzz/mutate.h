// Damage for parsers: one deterministic mutation of some bytes after another.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace hotshot::fuzz {

/// `bytes` with 1 to 4 mutations: a flipped bit, an odd byte, an interesting number, a piece removed, repeated or
/// copied elsewhere, a token of `words` inserted, a cut.
inline std::string mutate(std::string bytes, Random& random, const std::vector<std::string>& words) {
  const auto position = [&] { return random.below(static_cast<std::uint32_t>(bytes.size()) + 1); };
  const std::uint32_t count = 1 + random.below(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = position();
    const std::size_t length = std::min<std::size_t>(1 + random.below(16), bytes.size() - at);
    switch (random.below(8)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random.below(256));
        break;
      case 2: {
        constexpr std::array<std::string_view, 6> kNumbers = {
            "0", "-1", "18446744073709551615", "9223372036854775807", "4294967296", "1e9"};
        bytes.replace(at, length, kNumbers[random.below(kNumbers.size())]);
        break;
      }
      case 3:
        bytes.erase(at, length);
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 5:
        bytes.insert(position(), bytes.substr(at, length));
        break;
      case 6:
        if (!words.empty()) bytes.insert(at, words[random.below(static_cast<std::uint32_t>(words.size()))]);
        break;
      default:
        if (random.chance(0.2f)) bytes.resize(at);
    }
  }
  return bytes;
}

}  // namespace hotshot::fuzz
