#include "kernel/loops.h"

#define HOTSHOT_ISA_NAMESPACE plain
#define HOTSHOT_LANES 4
#include "kernel/loops_table.inc"
