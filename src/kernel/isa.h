// Which instruction set the CPU loops use, chosen at run time.
#pragma once

#include <string_view>
#include <vector>

namespace hotshot::kernel {

/// Ordered: a processor that has one has those before it.
enum class Isa { plain, avx2, avx512, avx512bf16, amx };

/// The best one this build and this processor have.
Isa best_isa();

/// The one in use: best_isa(), or what the environment variable HOTSHOT_ISA
/// (by its name below) lowers it to, or what set_isa said last. An unknown or
/// unavailable name in HOTSHOT_ISA is InvalidArgument.
Isa isa();

/// Changes the instruction set from the next call on (tests, benches).
/// InvalidArgument if not available.
void set_isa(Isa isa);

/// All that best_isa() includes, plain first.
std::vector<Isa> available_isas();

/// "plain", "avx2", "avx512", "avx512bf16", "amx".
std::string_view isa_name(Isa isa);

}  // namespace hotshot::kernel
