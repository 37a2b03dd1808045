#include "kernel/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

// Libraries split a product over threads in ways that change the order of its sums. Fixed blocks, each computed by one
// thread, keep the bytes equal for every thread count: at most kRowsPerBlock rows, equally many in an even number of
// blocks, so that two threads end together; and of a large weight kColumnsPerBlock columns, so that few rows make many
// blocks and a block stays in the caches.
constexpr std::int64_t kRowsPerBlock = 512, kFewRows = 64, kColumnsPerBlock = 320, kLargeWeight = 1 << 20;

std::int64_t rows_per_block(std::int64_t rows) {
  if (rows <= kFewRows) return std::max<std::int64_t>(rows, 1);
  const std::int64_t pairs = (rows + 2 * kRowsPerBlock - 1) / (2 * kRowsPerBlock);
  return (rows + 2 * pairs - 1) / (2 * pairs);
}

void product(at::Tensor y, const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  if (bias_o.defined()) {
    at::addmm_out(y, bias_o, x, weight_oi.t());
  } else {
    at::mm_out(y, x, weight_oi.t());
  }
}

at::Tensor linear_by_blocks(const at::Tensor& x_rows, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  const std::int64_t rows = x_rows.size(0), columns = weight_oi.size(0);
  const at::Tensor y = at::empty({rows, columns}, x_rows.options());
  const Recorded recorded("hotshot::linear", {x_rows, weight_oi, y});
  const std::int64_t height = rows_per_block(rows), row_blocks = (rows + height - 1) / height;
  const std::int64_t width = weight_oi.numel() >= kLargeWeight ? kColumnsPerBlock : columns,
                     column_blocks = (columns + width - 1) / width;
  at::parallel_for(0, row_blocks * column_blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    at::NoGradGuard no_grad;  // thread-local: the pool's threads start without the caller's
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t row = block / column_blocks * height, column = block % column_blocks * width;
      const std::int64_t taken = std::min(height, rows - row), count = std::min(width, columns - column);
      product(y.narrow(0, row, taken).narrow(1, column, count), x_rows.narrow(0, row, taken),
              weight_oi.narrow(0, column, count), bias_o.defined() ? bias_o.narrow(0, column, count) : bias_o);
    }
  });
  return y;
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  const at::Tensor weight = weight_oi.to(x.scalar_type());
  const at::Tensor bias = bias_o.defined() ? bias_o.to(x.scalar_type()) : bias_o;
  const bool gradients = at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  if (gradients || !x.device().is_cpu()) return at::linear(x, weight, bias);
  auto shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return linear_by_blocks(x.reshape({-1, x.size(-1)}).contiguous(), weight, bias).view(shape);
}

}  // namespace hotshot::kernel
