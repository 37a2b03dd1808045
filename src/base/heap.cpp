#include "base/heap.h"

#include <malloc.h>

#include <limits>

namespace hotshot {

void keep_freed_memory() {
  constexpr int kNever = std::numeric_limits<int>::max();
  mallopt(M_MMAP_THRESHOLD, kNever);
  mallopt(M_TRIM_THRESHOLD, kNever);
}

void return_freed_memory() { malloc_trim(0); }

}  // namespace hotshot
