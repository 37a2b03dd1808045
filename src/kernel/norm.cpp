#include "kernel/norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernel/composition.h"
#include "kernel/fused.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kRowGrain = 16;

struct NormOptions {
  std::int64_t per_group = 1;
  double offset = 0;  // added to scale
  double eps = 0;
  bool centered = true;
  bool then_silu = false;
};

// NormRows (kernel/loops.h) over the last axis of x. shift [groups, size], or
// empty for none; scale [groups, size].
struct Norm : torch::autograd::Function<Norm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any, const at::Tensor& shift,
                            const at::Tensor& scale, const NormOptions& options) {
    const at::Tensor x = x_any.contiguous();
    const std::int64_t size = x.size(-1), rows = x.numel() / size;
    const at::Tensor y = at::empty_like(x);
    const at::Tensor mean = at::empty({options.centered ? rows : 0}, at::kFloat),
                     inverse = at::empty({rows}, at::kFloat);
    const Recorded recorded("hotshot::norm", {x, y});
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const NormRows<T> work{.x = data<T>(x),
                             .y = data<T>(y),
                             .mean = data<float>(mean),
                             .inverse = data<float>(inverse),
                             .shift = shift.numel() > 0 ? data<float>(shift) : nullptr,
                             .scale = data<float>(scale),
                             .offset = static_cast<float>(options.offset),
                             .rows_per_group = options.per_group,
                             .size = size,
                             .eps = static_cast<float>(options.eps),
                             .centered = options.centered,
                             .then_silu = options.then_silu};
      at::parallel_for(0, rows, kRowGrain, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> scratch(padded(size));
        loops<T>().norm_rows(work, begin, end, scratch.data());
      });
    });
    context->save_for_backward({x, scale, mean, inverse});
    context->saved_data["shifted"] = shift.numel() > 0;
    context->saved_data["per_group"] = options.per_group;
    context->saved_data["offset"] = options.offset;
    context->saved_data["centered"] = options.centered;
    context->saved_data["then_silu"] = options.then_silu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &scale = saved[1], &mean = saved[2], &inverse = saved[3];
    const at::Tensor grad_y = gradients[0].to(x.scalar_type()).contiguous();
    const at::Tensor grad_x = at::empty_like(x);
    const bool shifted = context->saved_data["shifted"].toBool();
    const std::int64_t size = x.size(-1), wide = padded(size);
    const RowGroups groups{x.numel() / size, size, context->saved_data["per_group"].toInt()};
    at::Tensor sums;  // of scale, then of shift
    const Recorded recorded("hotshot::norm_backward", {x, grad_y, grad_x});
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const NormRowsBackward<T> work{.x = data<T>(x),
                                     .grad_y = data<T>(grad_y),
                                     .grad_x = data<T>(grad_x),
                                     .mean = data<float>(mean),
                                     .inverse = data<float>(inverse),
                                     .scale = data<float>(scale),
                                     .offset = static_cast<float>(context->saved_data["offset"].toDouble()),
                                     .rows_per_group = groups.per_group,
                                     .size = size,
                                     .centered = context->saved_data["centered"].toBool(),
                                     .then_silu = context->saved_data["then_silu"].toBool()};
      sums = sum_by_group(groups, shifted ? 2 : 1, [&](std::int64_t first, std::int64_t last, float* parts) {
        std::vector<float> scratch(2 * wide);
        loops<T>().norm_rows_backward(work, first, last, scratch.data(), shifted ? parts + wide : nullptr, parts);
      });
    });
    return {grad_x, shifted ? sums[1] : at::Tensor(), sums[0], at::Tensor()};
  }
};

// x + y · gate, gate fp32 [groups, size].
struct GatedResidual : torch::autograd::Function<GatedResidual> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any, const at::Tensor& y_any,
                            const at::Tensor& gate, std::int64_t per_group) {
    const at::Tensor x = x_any.contiguous(), y = y_any.contiguous(), out = at::empty_like(x);
    const Recorded recorded("hotshot::gated_residual", {x, y, out});
    const std::int64_t size = x.size(-1);
    with_type(x, [&](auto type) {
      using T = decltype(type);
      const GatedRows<T> work{.x = data<T>(x),
                              .y = data<T>(y),
                              .out = data<T>(out),
                              .gate = data<float>(gate),
                              .rows_per_group = per_group,
                              .size = size};
      at::parallel_for(0, x.numel() / size, kRowGrain,
                       [&](std::int64_t begin, std::int64_t end) { loops<T>().gated_rows(work, begin, end); });
    });
    context->save_for_backward({y, gate});
    context->saved_data["per_group"] = per_group;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &y = saved[0], &gate = saved[1];
    const at::Tensor grad_out = gradients[0].to(y.scalar_type()).contiguous(), grad_y = at::empty_like(y);
    const std::int64_t size = y.size(-1);
    const RowGroups groups{y.numel() / size, size, context->saved_data["per_group"].toInt()};
    at::Tensor grad_gate;
    const Recorded recorded("hotshot::gated_residual_backward", {y, grad_out, grad_y});
    with_type(y, [&](auto type) {
      using T = decltype(type);
      const GatedRowsBackward<T> work{.y = data<T>(y),
                                      .grad_out = data<T>(grad_out),
                                      .grad_y = data<T>(grad_y),
                                      .gate = data<float>(gate),
                                      .rows_per_group = groups.per_group,
                                      .size = size};
      grad_gate = sum_by_group(groups, 1, [&](std::int64_t first, std::int64_t last, float* parts) {
        loops<T>().gated_rows_backward(work, first, last, parts);
      });
    });
    return {grad_out, grad_y, grad_gate[0], at::Tensor()};
  }
};

bool is_wide_enough(const at::Tensor& x, const at::Tensor& modulation) {
  return fusable(x) && modulation.device().is_cpu() && modulation.scalar_type() != at::kDouble;
}

}  // namespace

at::Tensor layer_norm_modulate(const at::Tensor& x_bld, const at::Tensor& shift, const at::Tensor& scale, double eps) {
  if (!is_wide_enough(x_bld, shift)) return composition::layer_norm_modulate(x_bld, shift, scale, eps);
  const RowGroups by_shift = row_groups(x_bld, shift), by_scale = row_groups(x_bld, scale);
  const RowGroups groups = by_shift.per_group < by_scale.per_group ? by_shift : by_scale;
  return Norm::apply(x_bld, group_rows(shift, x_bld, groups), group_rows(scale, x_bld, groups),
                     NormOptions{.per_group = groups.per_group, .offset = 1, .eps = eps});
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight_d, const at::Tensor& bias_d, double eps) {
  if (!is_wide_enough(x, weight_d)) return composition::layer_norm(x, weight_d, bias_d, eps);
  const RowGroups groups = row_groups(x, weight_d);
  return Norm::apply(x, group_rows(bias_d, x, groups), group_rows(weight_d, x, groups),
                     NormOptions{.per_group = groups.per_group, .eps = eps});
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight_d, double eps) {
  if (!is_wide_enough(x, weight_d)) return composition::rms_norm(x, weight_d, eps);
  const RowGroups groups = row_groups(x, weight_d);
  return Norm::apply(x, at::empty({0}, at::kFloat), group_rows(weight_d, x, groups),
                     NormOptions{.per_group = groups.per_group, .eps = eps, .centered = false});
}

at::Tensor channel_rms_norm(const at::Tensor& x_bcthw, const at::Tensor& gamma, bool then_silu) {
  if (!is_wide_enough(x_bcthw, gamma)) return composition::channel_rms_norm(x_bcthw, gamma, then_silu);
  const at::Tensor pixels = x_bcthw.movedim(1, -1);
  const RowGroups groups = row_groups(pixels, gamma);
  const double least = 1e-12, eps = least * least / static_cast<double>(groups.size);  // of the mean: of ‖x‖², least²
  return Norm::apply(pixels, at::empty({0}, at::kFloat), group_rows(gamma.flatten(), pixels, groups),
                     NormOptions{.per_group = groups.per_group, .eps = eps, .centered = false, .then_silu = then_silu})
      .movedim(-1, 1);
}

at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  if (!is_wide_enough(x, gate) || y.scalar_type() != x.scalar_type() || y.sizes() != x.sizes()) {
    return composition::gated_residual(x, y, gate);
  }
  const RowGroups groups = row_groups(x, gate);
  return GatedResidual::apply(x, y, group_rows(gate, x, groups), groups.per_group);
}

}  // namespace hotshot::kernel
