#include "kernel/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "kernel/fused.h"
#include "kernel/isa.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Fewer rows are not worth packing a weight for.
constexpr std::int64_t kFewRows = 16;

bool wants_gradients(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  return at::GradMode::is_enabled() &&
         (x.requires_grad() || weight_oi.requires_grad() || (bias_o.defined() && bias_o.requires_grad()));
}

// --- By our own loops: operands packed into panels, tiles of the result shared out among the threads.

std::int64_t blocks(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

template <class T>
struct Matrix {
  at::Tensor values;  // contiguous [a, b]
  std::int64_t rows() const { return values.size(0); }
  std::int64_t columns() const { return values.size(1); }
  const T* data() const { return kernel::data<T>(values); }
};

/// Packing's elements, 4 bytes each.
template <class T>
at::Tensor packed(Packing<T> packing) {
  const std::int64_t panels = blocks(packing.columns, packing.panel_columns);
  const std::int64_t depth = blocks(packing.depth, loops<T>().element_depth);
  const at::Tensor memory = at::empty({panels * packing.panel_columns * depth}, at::kFloat);
  packing.panels = memory.data_ptr();
  at::parallel_for(0, panels, 1, [&](std::int64_t begin, std::int64_t end) { loops<T>().pack(packing, begin, end); });
  return memory;
}

// As a right operand (or, in panels of kPanelRows, a left one): m [depth, columns], or transposed: m [columns, depth].
template <class T>
at::Tensor packed(const Matrix<T>& m, std::int64_t panel_columns) {
  return packed<T>({.x = m.data(),
                    .stride = m.columns(),
                    .columns = m.columns(),
                    .depth = m.rows(),
                    .panel_columns = panel_columns,
                    .depth_is_row = true});
}
template <class T>
at::Tensor packed_transposed(const Matrix<T>& m) {
  return packed<T>({.x = m.data(), .stride = m.columns(), .columns = m.rows(), .depth = m.columns()});
}

template <class T>
void multiply(const PanelProduct<T>& product) {
  const std::int64_t tiles = blocks(product.rows, kPanelRows) * blocks(product.columns, kPanelColumns);
  at::parallel_for(0, tiles, 1,
                   [&](std::int64_t begin, std::int64_t end) { loops<T>().multiply_panels(product, begin, end); });
}

// left [rows, depth] · panels, in left's dtype.
template <class T>
at::Tensor multiplied_rows(const Matrix<T>& left, const at::Tensor& panels, std::int64_t columns,
                           const at::Tensor& bias) {
  const at::Tensor y = at::empty({left.rows(), columns}, left.values.options());
  const std::int64_t row = left.columns() / loops<T>().element_depth;
  multiply<T>({.left = left.data(),
               .left_block = row * kPanelRows,
               .left_row = row,
               .left_depth = 1,
               .right = panels.data_ptr(),
               .bias = bias.numel() > 0 ? data<float>(bias) : nullptr,
               .y = data<T>(y),
               .rows = left.rows(),
               .columns = columns,
               .depth = left.columns()});
  return y;
}

// leftᵀ · right, fp32; left [depth, rows], right [depth, columns].
template <class T>
at::Tensor multiplied_columns(const Matrix<T>& left, const Matrix<T>& right) {
  const at::Tensor y = at::empty({left.columns(), right.columns()}, at::kFloat);
  const at::Tensor left_panels = packed(left, kPanelRows), right_panels = packed(right, kPanelColumns);
  multiply<T>({.left = left_panels.data_ptr(),
               .left_block = blocks(left.rows(), loops<T>().element_depth) * kPanelRows,
               .left_row = 1,
               .left_depth = kPanelRows,
               .right = right_panels.data_ptr(),
               .wide = data<float>(y),
               .rows = left.columns(),
               .columns = right.columns(),
               .depth = left.rows()});
  return y;
}

// The sum of the rows of x, fp32.
template <class T>
at::Tensor summed_rows(const Matrix<T>& x) {
  const at::Tensor origin = at::zeros({x.columns()}, at::kFloat);
  const at::Tensor sums =
      sum_by_group({x.rows(), x.columns(), x.rows()}, 2, [&](std::int64_t first, std::int64_t last, float* out) {
        loops<T>().channel_sums({.x = x.data(),
                                 .origin = data<float>(origin),
                                 .sum = out,
                                 .square = out + padded(x.columns()),
                                 .channels = x.columns()},
                                first, last);
      });
  return sums[0][0];
}

// x [rows, in] wᵀ + bias; all contiguous, of one dtype but the bias, which is fp32 or empty for none.
at::Tensor fused_linear(const at::Tensor& x_rows, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  const Recorded recorded("hotshot::linear", {x_rows, weight_oi});
  at::Tensor y;
  with_type(x_rows, [&](auto type) {
    using T = decltype(type);
    y = multiplied_rows<T>({x_rows}, packed_transposed<T>({weight_oi}), weight_oi.size(0), bias_o);
  });
  return y;
}

struct FusedLinear : torch::autograd::Function<FusedLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_rows, const at::Tensor& weight_oi,
                            const at::Tensor& bias_o) {
    const at::Tensor x = x_rows.contiguous(), weight = weight_oi.to(x.scalar_type()).contiguous();
    context->save_for_backward({x, weight});
    context->saved_data["weight_type"] = static_cast<std::int64_t>(weight_oi.scalar_type());
    context->saved_data["bias_type"] = static_cast<std::int64_t>(bias_o.scalar_type());
    return fused_linear(x, weight, bias_o.to(at::kFloat).contiguous());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor grad_y = gradients[0].to(x.scalar_type()).contiguous();
    const auto type_of = [&](const char* name) {
      return static_cast<at::ScalarType>(context->saved_data[name].toInt());
    };
    variable_list result(3);
    with_type(x, [&](auto type) {
      using T = decltype(type);
      if (context->needs_input_grad(0)) {
        const Recorded recorded("hotshot::linear_grad_x", {grad_y, weight});
        result[0] = multiplied_rows<T>({grad_y}, packed<T>({weight}, kPanelColumns), weight.size(1),
                                       at::empty({0}, at::kFloat));
      }
      if (context->needs_input_grad(1)) {
        const Recorded recorded("hotshot::linear_grad_weight", {grad_y, x});
        result[1] = multiplied_columns<T>({grad_y}, {x}).to(type_of("weight_type"));
      }
      if (context->needs_input_grad(2)) result[2] = summed_rows<T>({grad_y}).to(type_of("bias_type"));
    });
    return result;
  }
};

bool fusable_linear(const at::Tensor& x, const at::Tensor& weight_oi) {
  if (isa() == Isa::amx && x.scalar_type() == at::kBFloat16) return false;  // the library uses the tiles
  if (!fusable(x) || x.numel() / x.size(-1) < kFewRows || !at::isFloatingType(weight_oi.scalar_type())) return false;
  bool can = false;
  with_type(x, [&](auto type) {
    const Loops<decltype(type)>& own = loops<decltype(type)>();
    can = own.multiply_panels != nullptr && x.size(-1) % own.element_depth == 0 &&
          weight_oi.size(0) % own.element_depth == 0;
  });
  return can;
}

// --- By the library.

// Libraries split a product over threads in ways that change the order of its sums. Fixed blocks, each computed by one
// thread, keep the bytes equal for every thread count: at most kRowsPerBlock rows, equally many in an even number of
// blocks, so that two threads end together; and of a large weight kColumnsPerBlock columns, so that few rows make many
// blocks and a block stays in the caches.
constexpr std::int64_t kRowsPerBlock = 512, kRowsOfOneBlock = 64, kColumnsPerBlock = 320, kLargeWeight = 1 << 20;

std::int64_t rows_per_block(std::int64_t rows) {
  if (rows <= kRowsOfOneBlock) return std::max<std::int64_t>(rows, 1);
  return blocks(rows, 2 * blocks(rows, 2 * kRowsPerBlock));
}

void product(at::Tensor y, const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  if (bias_o.defined()) {
    at::addmm_out(y, bias_o, x, weight_oi.t());
  } else {
    at::mm_out(y, x, weight_oi.t());
  }
}

at::Tensor library_linear(const at::Tensor& x_rows, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  const at::Tensor weight = weight_oi.to(x_rows.scalar_type());
  const at::Tensor bias = bias_o.defined() ? bias_o.to(x_rows.scalar_type()) : bias_o;
  if (wants_gradients(x_rows, weight_oi, bias_o) || !x_rows.device().is_cpu()) return at::linear(x_rows, weight, bias);
  const at::Tensor x = x_rows.contiguous();
  const std::int64_t rows = x.size(0), columns = weight.size(0);
  const at::Tensor y = at::empty({rows, columns}, x.options());
  const Recorded recorded("hotshot::library_linear", {x, weight, y});
  const std::int64_t height = rows_per_block(rows), row_blocks = blocks(rows, height);
  const std::int64_t width = weight.numel() >= kLargeWeight ? kColumnsPerBlock : columns,
                     column_blocks = blocks(columns, width);
  at::parallel_for(0, row_blocks * column_blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    at::NoGradGuard no_grad;  // thread-local: the pool's threads start without the caller's
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t row = block / column_blocks * height, column = block % column_blocks * width;
      const std::int64_t taken = std::min(height, rows - row), count = std::min(width, columns - column);
      product(y.narrow(0, row, taken).narrow(1, column, count), x.narrow(0, row, taken),
              weight.narrow(0, column, count), bias.defined() ? bias.narrow(0, column, count) : bias);
    }
  });
  return y;
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  auto shape = x.sizes().vec();
  shape.back() = weight_oi.size(0);
  const at::Tensor rows = x.reshape({-1, x.size(-1)});
  if (!fusable_linear(x, weight_oi)) return library_linear(rows, weight_oi, bias_o).view(shape);
  // Autograd takes no undefined tensors.
  const at::Tensor bias = bias_o.defined() ? bias_o : at::empty({0}, at::kFloat);
  const at::Tensor y = wants_gradients(x, weight_oi, bias)
                           ? FusedLinear::apply(rows, weight_oi, bias)
                           : fused_linear(rows.contiguous(), weight_oi.to(x.scalar_type()).contiguous(),
                                          bias.to(at::kFloat).contiguous());
  return y.view(shape);
}

}  // namespace hotshot::kernel
