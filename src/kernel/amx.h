// Intel's tiles (AMX): 16 rows of 64 bytes, multiplied by one instruction.
#pragma once

#include <cstdint>

namespace hotshot::kernel {

/// Whether this processor multiplies tiles of bf16 and of bytes and the system lets this process use them.
bool has_amx();

/// As Loops::register_products, of bf16 tiles; only where has_amx().
double amx_register_products(std::int64_t rounds);

}  // namespace hotshot::kernel
