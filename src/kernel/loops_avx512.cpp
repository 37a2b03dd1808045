#include "kernel/loops.h"

#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define HOTSHOT_ISA_NAMESPACE avx512
#define HOTSHOT_LANES 16
#include "kernel/loops_table.inc"
#endif
