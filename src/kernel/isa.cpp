#include "kernel/isa.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "kernel/amx.h"

namespace hotshot::kernel {
namespace {

constexpr std::string_view kNames[] = {"plain", "avx2", "avx512", "avx512bf16", "amx"};

Isa isa_of_environment() {
  const char* name = std::getenv("HOTSHOT_ISA");
  if (!name || !*name) return best_isa();
  std::vector<std::string> known;
  for (const Isa isa : available_isas()) {
    if (isa_name(isa) == name) return isa;
    known.emplace_back(isa_name(isa));
  }
  throw_unknown("HOTSHOT_ISA", name, known);
}

std::atomic<Isa>& current() {
  static std::atomic<Isa> isa = isa_of_environment();
  return isa;
}

}  // namespace

Isa best_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni")) return Isa::avx512;
    return has_amx() ? Isa::amx : Isa::avx512bf16;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
  return Isa::plain;
}

Isa isa() { return current().load(std::memory_order_relaxed); }

void set_isa(Isa isa) {
  require(isa <= best_isa(), "set_isa", "expected at most {} on this processor but got {}", isa_name(best_isa()),
          isa_name(isa));
  current().store(isa, std::memory_order_relaxed);
}

std::vector<Isa> available_isas() {
  std::vector<Isa> all;
  for (int level = 0; level <= static_cast<int>(best_isa()); ++level) all.push_back(static_cast<Isa>(level));
  return all;
}

std::string_view isa_name(Isa isa) { return kNames[static_cast<int>(isa)]; }

}  // namespace hotshot::kernel
