// SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104): names of files by their bytes, signatures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hotshot {

/// Bytes in pieces, one digest out.
class Sha256 {
 public:
  void update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits. Ends the computation: call this or raw() once.
  std::string hex();
  /// 32 bytes.
  std::string raw();

 private:
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> block_{};
  std::uint64_t bytes_ = 0;
};

/// 64 lower-case hexadecimal digits.
std::string sha256_text(std::string_view bytes);
/// Throws InvalidArgument where there is no regular file that can be read.
std::string sha256_file(const std::filesystem::path& path);
/// Of the bytes [offset, offset + length); InvalidArgument also where the file ends before.
std::string sha256_file(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t length);
/// Whether it is 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

/// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Two lower-case digits a byte.
std::string to_hex(std::string_view bytes);

}  // namespace hotshot
