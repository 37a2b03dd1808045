#include "kernel/loops.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma")
#define HOTSHOT_ISA_NAMESPACE avx2
#define HOTSHOT_LANES 8
#include "kernel/loops_table.inc"
#endif
