// SHA-256's inner function, plain and with the processor's instructions for it. For digest.cpp and its test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hotshot {

using Sha256State = std::array<std::uint32_t, 8>;

/// Takes in `blocks` blocks of 64 bytes.
void sha256_blocks_plain(Sha256State& state, const unsigned char* data, std::size_t blocks);
/// The same with the SHA extensions of x86-64; to be called only where has_sha_instructions().
void sha256_blocks_x86(Sha256State& state, const unsigned char* data, std::size_t blocks);
bool has_sha_instructions();

}  // namespace hotshot
