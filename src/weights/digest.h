// SHA-256 (FIPS 180-4) of files and of model folders.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hotshot::weights {

/// Bytes in pieces, one digest out.
class Sha256 {
 public:
  void update(std::string_view bytes);
  /// 64 lower-case hexadecimal digits. Ends the computation: call once.
  std::string hex();

 private:
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> block_{};
  std::uint64_t bytes_ = 0;
};

std::string sha256(std::string_view bytes);
/// Throws InvalidArgument when the file cannot be read.
std::string sha256_file(const std::filesystem::path& path);

/// The digest of what a model folder is made of: every .safetensors .json .model .txt file in it and below, hidden
/// ones left out. It is the SHA-256 of the lines "<sha256 of the file>  <relative path>\n" in byte order of the paths,
/// so it can be checked with sha256sum. Throws InvalidArgument for a folder without such files.
std::string folder_digest(const std::filesystem::path& folder);

}  // namespace hotshot::weights
