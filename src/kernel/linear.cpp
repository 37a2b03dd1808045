#include "kernel/linear.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "base/error.h"
#include "kernel/panels.h"
#include "kernel/recorded.h"
#include "kernel/transposed_product.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Fewer rows are not worth packing a weight for.
constexpr std::int64_t kFewRows = 2;

bool wants_gradients(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  return at::GradMode::is_enabled() &&
         (x.requires_grad() || weight_oi.requires_grad() || (bias_o.defined() && bias_o.requires_grad()));
}

// y [rows, columns] = left [rows, depth] · right [depth, columns] + bias; `right` is packed.
template <class T>
void times(const at::Tensor& left, const at::Tensor& right, const at::Tensor& bias, const at::Tensor& y) {
  PanelProduct<T> product = product_of_rows<T>(left, right, y.size(1));
  product.bias = bias.numel() > 0 ? data<float>(bias) : nullptr;
  product.y = data<T>(y);
  multiply(product);
}

at::Tensor empty_rows(const at::Tensor& like, std::int64_t columns) {
  return at::empty({like.size(0), columns}, like.options());
}

// x [rows, in] wᵀ + bias; all contiguous, of one dtype but the bias, which is fp32 or empty for none.
at::Tensor fused_linear(const at::Tensor& x_rows, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  const Recorded recorded("hotshot::linear", {x_rows, weight_oi});
  const at::Tensor y = empty_rows(x_rows, weight_oi.size(0));
  with_type(x_rows, [&](auto type) {
    using T = decltype(type);
    times<T>(x_rows, packed_transposed<T>(weight_oi), bias_o, y);
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
        result[0] = empty_rows(grad_y, weight.size(1));
        times<T>(grad_y, packed<T>(weight), at::empty({0}, at::kFloat), result[0]);
      }
      if (context->needs_input_grad(1)) {
        const Recorded recorded("hotshot::linear_grad_weight", {grad_y, x});
        result[1] = transposed_product<T>(grad_y, x).to(type_of("weight_type"));
      }
      if (context->needs_input_grad(2)) result[2] = summed_rows<T>(grad_y).to(type_of("bias_type"));
    });
    return result;
  }
};

// What at::linear would refuse, our loops would read beyond.
void check_shapes(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o) {
  ensure(x.dim() >= 1 && weight_oi.dim() == 2 && weight_oi.size(1) == x.size(-1) && weight_oi.device() == x.device(),
         "linear", "expected a weight for rows of {} values on one device but got {} dimensions of {}",
         x.dim() > 0 ? x.size(-1) : 0, weight_oi.dim(), weight_oi.numel());
  ensure(!bias_o.defined() || (bias_o.numel() == weight_oi.size(0) && bias_o.device() == x.device()), "linear",
         "expected a bias of {} values but got {}", weight_oi.size(0), bias_o.defined() ? bias_o.numel() : 0);
}

void check_packed(const at::Tensor& x, const PackedWeight& weight, const at::Tensor& bias_o) {
  ensure(x.dim() >= 1 && x.size(-1) == weight.in && x.scalar_type() == weight.type && x.is_cpu(), "linear",
         "expected rows of {} values of the packed weight's type but got {} values of {} dimensions", weight.in,
         x.numel(), x.dim());
  ensure(!bias_o.defined() || (bias_o.numel() == weight.out && bias_o.is_cpu()), "linear",
         "expected a bias of {} values but got {}", weight.out, bias_o.defined() ? bias_o.numel() : 0);
  ensure(!wants_gradients(x, weight.panels, bias_o), "linear",
         "expected no gradients through a packed weight but got {} values that want them", x.numel());
}

void check_residual(const Residual& added_to, const at::Tensor& x, at::IntArrayRef y_shape) {
  const auto& [residual, gate] = added_to;
  ensure(!residual.defined() ||
             (residual.sizes() == y_shape && residual.scalar_type() == x.scalar_type() && residual.is_cpu()),
         "linear", "expected a residual of the result's shape and type but got {} values",
         residual.defined() ? residual.numel() : 0);
  ensure(!gate.defined() || (residual.defined() && gate.is_cpu() && gate.scalar_type() == at::kFloat), "linear",
         "expected a gate in fp32 beside a residual but got {} values", gate.defined() ? gate.numel() : 0);
  ensure(!at::GradMode::is_enabled() ||
             !((residual.defined() && residual.requires_grad()) || (gate.defined() && gate.requires_grad())),
         "linear", "expected no gradients through what a packed product is added to but got {} values that want them",
         residual.defined() ? residual.numel() : 0);
}

bool is_ours(const at::Tensor& x, const at::Tensor& weight_oi) {
  return multiplies(x) && x.numel() / x.size(-1) >= kFewRows && weight_oi.numel() > 0 &&
         at::isFloatingType(weight_oi.scalar_type()) && whole_elements(x, x.size(-1)) &&
         whole_elements(x, weight_oi.size(0));
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
  check_shapes(x, weight_oi, bias_o);
  auto shape = x.sizes().vec();
  shape.back() = weight_oi.size(0);
  const at::Tensor rows = x.reshape({-1, x.size(-1)});
  if (!is_ours(x, weight_oi)) return library_linear(rows, weight_oi, bias_o).view(shape);
  // Autograd takes no undefined tensors.
  const at::Tensor bias = bias_o.defined() ? bias_o : at::empty({0}, at::kFloat);
  const at::Tensor y = wants_gradients(x, weight_oi, bias)
                           ? FusedLinear::apply(rows, weight_oi, bias)
                           : fused_linear(rows.contiguous(), weight_oi.to(x.scalar_type()).contiguous(),
                                          bias.to(at::kFloat).contiguous());
  return y.view(shape);
}

std::optional<PackedWeight> pack_weight(const at::Tensor& weight_any) {
  ensure(weight_any.dim() == 2, "pack weight", "expected a matrix but got {} dimensions", weight_any.dim());
  const at::NoGradGuard no_grad;
  const at::Tensor weight = weight_any.detach().contiguous();
  const std::int64_t out = weight.size(0), in = weight.size(1);
  if (!multiplies(weight) || !whole_elements(weight, in) || !whole_elements(weight, out)) return {};
  PackedWeight result{.out = out, .in = in, .type = weight.scalar_type(), .panels = {}};
  with_type(weight, [&](auto type) { result.panels = packed_transposed<decltype(type)>(weight); });
  return result;
}

at::Tensor linear(const at::Tensor& x, const PackedWeight& weight, const at::Tensor& bias_o, const Epilogue& epilogue) {
  check_packed(x, weight, bias_o);
  auto shape = x.sizes().vec();
  shape.back() = weight.out;
  check_residual(epilogue.residual, x, shape);
  if (x.numel() == 0) return at::empty(shape, x.options());
  const at::Tensor rows = x.reshape({-1, weight.in}).contiguous();
  const at::Tensor bias = bias_o.defined() ? bias_o.to(at::kFloat).contiguous() : at::Tensor();
  at::Tensor residual = epilogue.residual.x, gate = epilogue.residual.gate;
  if (residual.defined()) residual = residual.contiguous();
  RowGroups groups;
  if (gate.defined()) {
    groups = row_groups(residual, gate);
    gate = group_rows(gate, residual, groups);
  }
  const at::Tensor y = empty_rows(rows, weight.out);
  const Recorded recorded("hotshot::linear_packed", {rows, weight.panels, y});
  with_type(rows, [&](auto type) {
    using T = decltype(type);
    PanelProduct<T> product = product_of_rows<T>(rows, weight.panels, weight.out);
    product.bias = bias.defined() ? data<float>(bias) : nullptr;
    product.y = data<T>(y);
    product.then_gelu = epilogue.activation == Activation::gelu_tanh;
    product.added = residual.defined() ? data<T>(residual) : nullptr;
    product.gate = gate.defined() ? data<float>(gate) : nullptr;
    product.rows_per_gate = groups.per_group;
    multiply(product);
  });
  return y.view(shape);
}

}  // namespace hotshot::kernel
