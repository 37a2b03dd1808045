#include "kernel/fused.h"

#include <ATen/ExpandUtils.h>

#include "base/error.h"

namespace hotshot::kernel {
namespace {

constexpr std::int64_t kRowsPerPiece = 32;

}  // namespace

RowGroups row_groups(const at::Tensor& x, const at::Tensor& modulation) {
  const std::int64_t size = x.size(-1), rows = x.numel() / size;
  if (modulation.numel() == size) return {rows, size, rows};
  ensure(at::infer_size(modulation.sizes(), x.sizes()) == x.sizes(), "modulation",
         "expected {} values that broadcast to {} but got another shape", modulation.numel(), x.numel());
  const bool per_clip = x.dim() == 3 && modulation.dim() == 3 && modulation.size(0) == x.size(0) &&
                        modulation.size(1) == 1 && modulation.size(2) == size;
  return {rows, size, per_clip ? x.size(1) : 1};
}

at::Tensor group_rows(const at::Tensor& modulation, const at::Tensor& x, const RowGroups& groups) {
  const at::Tensor wide = modulation.to(at::kFloat);
  const bool shared = groups.groups() * groups.size == wide.numel();
  return (shared ? wide : wide.expand(x.sizes())).reshape({groups.groups(), groups.size}).contiguous();
}

at::Tensor sum_by_group(const RowGroups& groups, std::int64_t count,
                        const std::function<void(std::int64_t, std::int64_t, float*)>& piece) {
  const std::int64_t pieces = (groups.per_group + kRowsPerPiece - 1) / kRowsPerPiece, wide = padded(groups.size);
  const at::Tensor parts = at::empty({groups.groups() * pieces, count, wide}, at::kFloat);
  const at::Tensor sums = at::empty({count, groups.groups(), groups.size}, at::kFloat);
  float *const parts_at = data<float>(parts), *const sums_at = data<float>(sums);
  at::parallel_for(0, groups.groups() * pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t index = begin; index < end; ++index) {
      const std::int64_t group = index / pieces * groups.per_group, first = index % pieces * kRowsPerPiece;
      const std::int64_t last = std::min(first + kRowsPerPiece, groups.per_group);
      piece(group + first, group + last, parts_at + index * count * wide);
    }
  });
  for (std::int64_t row = 0; row < count * groups.groups(); ++row) {
    const std::int64_t group = row % groups.groups(), which = row / groups.groups();
    float* sum = sums_at + row * groups.size;
    for (std::int64_t part = 0; part < pieces; ++part) {
      const float* from = parts_at + ((group * pieces + part) * count + which) * wide;
      for (std::int64_t i = 0; i < groups.size; ++i) sum[i] = part == 0 ? from[i] : sum[i] + from[i];
    }
  }
  return sums;
}

}  // namespace hotshot::kernel
