// For the tests of this folder: .safetensors files made by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/test_support.h"

namespace hotshot::weights {

/// A .safetensors file with this header and data.
inline std::string safetensors_bytes(std::string_view json, std::string_view data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(json.size()) >> (8 * i)));
  return bytes.append(json).append(data);
}

}  // namespace hotshot::weights
