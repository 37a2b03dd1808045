// What the fused kernels share: when they apply, typed pointers, and sums over
// rows that do not depend on threads.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernel/loops.h"

namespace hotshot::kernel {

/// True for what the loops can take: fp32 or bf16 on a CPU, not empty.
inline bool fusable(const at::Tensor& x) {
  return x.device().is_cpu() && x.numel() > 0 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

/// The values of a contiguous tensor; T = Bf16 for bf16.
template <class T>
T* data(const at::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

/// Calls f with a value of the loops' type for x's dtype: 0.0f or Bf16(0).
template <class F>
void with_type(const at::Tensor& x, F&& f) {
  if (x.scalar_type() == at::kFloat) {
    f(float{});
  } else {
    f(Bf16{});
  }
}

/// Rows of `size` values, consecutive `per_group` of which share one row of a
/// modulation [groups, size].
struct RowGroups {
  std::int64_t rows = 0;
  std::int64_t size = 0;
  std::int64_t per_group = 1;
  std::int64_t groups() const { return rows / per_group; }
};

/// How rows of x (its last axis) share the rows of `modulation`, which
/// broadcasts to x: all one, those of a batch entry one ([b, 1, d]), or each
/// its own.
RowGroups row_groups(const at::Tensor& x, const at::Tensor& modulation);

/// `modulation` as contiguous fp32 [groups, size]; differentiable.
at::Tensor group_rows(const at::Tensor& modulation, const at::Tensor& x, const RowGroups& groups);

/// Adds rows up group by group: calls piece(first, last, sums) for fixed runs
/// of rows of one group, in parallel, each with its own `count` padded rows of
/// sums to overwrite, and adds these in order. Returns fp32 [count, groups,
/// size]; the same bytes for every number of threads.
at::Tensor sum_by_group(const RowGroups& groups, std::int64_t count,
                        const std::function<void(std::int64_t first, std::int64_t last, float* sums)>& piece);

}  // namespace hotshot::kernel
