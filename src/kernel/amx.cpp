#include "kernel/amx.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#endif

namespace hotshot::kernel {

#if defined(__x86_64__) && defined(__linux__)

namespace {

constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
constexpr long kTileData = 18;               // XFEATURE_XTILEDATA

bool ask_for_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned kBf16 = 1u << 22, kTiles = 1u << 24, kBytes = 1u << 25;
  if ((d & kBf16) == 0 || (d & kTiles) == 0 || (d & kBytes) == 0) return false;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// What ldtilecfg reads.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

}  // namespace

bool has_amx() {
  static const bool has = ask_for_amx();
  return has;
}

// Four sums of two left and two right tiles, as a product that keeps its operands would.
__attribute__((target("amx-tile,amx-bf16"))) double amx_register_products(std::int64_t rounds) {
  constexpr int kTiles = 8;
  TileConfig config;
  for (int tile = 0; tile < kTiles; ++tile) config.rows[tile] = 16, config.row_bytes[tile] = 64;
  alignas(64) std::uint8_t zeros[16 * 64] = {};
  // The compiler believes that the tile instructions read less than they do.
  asm volatile("" ::"r"(&config), "r"(zeros) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, zeros, 64);
  _tile_loadd(5, zeros, 64);
  _tile_loadd(6, zeros, 64);
  _tile_loadd(7, zeros, 64);
  for (std::int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return static_cast<double>(rounds) * 4 * 2 * 16 * 16 * 32;
}

#else

bool has_amx() { return false; }
double amx_register_products(std::int64_t) { return 0; }

#endif

}  // namespace hotshot::kernel
