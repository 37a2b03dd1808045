#include "kernel/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace hotshot::kernel {
namespace {

// Libraries split a product over threads in ways that change the order of its
// sums. Fixed blocks of rows, each computed by one thread, keep the bytes equal
// for every thread count.
constexpr std::int64_t kRowsPerBlock = 256;

at::Tensor linear_by_blocks(const at::Tensor& x_rows, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  const std::int64_t rows = x_rows.size(0);
  const at::Tensor y = at::empty({rows, weight_oi.size(0)}, x_rows.options()), weight_io = weight_oi.t();
  const std::int64_t blocks = (rows + kRowsPerBlock - 1) / kRowsPerBlock;
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    at::NoGradGuard no_grad;  // thread-local: the pool's threads start without the caller's
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * kRowsPerBlock, count = std::min(kRowsPerBlock, rows - first);
      at::Tensor y_rows = y.narrow(0, first, count);
      const at::Tensor x_block = x_rows.narrow(0, first, count);
      if (bias_o.defined()) {
        at::addmm_out(y_rows, bias_o, x_block, weight_io);
      } else {
        at::mm_out(y_rows, x_block, weight_io);
      }
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
