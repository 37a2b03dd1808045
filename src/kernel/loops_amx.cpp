#include "kernel/loops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma GCC target("amx-tile,amx-bf16,amx-int8,avx512bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define HOTSHOT_ISA_NAMESPACE amx
#define HOTSHOT_LANES 16
#define HOTSHOT_BF16_PRODUCTS 1
#define HOTSHOT_TILE_PRODUCTS 1
#include "kernel/loops_table.inc"
#endif
