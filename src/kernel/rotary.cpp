#include "kernel/rotary.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernel/composition.h"
#include "kernel/fused.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kTokenGrain = 16;

// [positions, size / 2] angles of one axis.
at::Tensor axis_angles(std::int64_t positions, std::int64_t size, double theta) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor frequency = at::pow(theta, -at::arange(0, size, 2, options) / static_cast<double>(size));
  return at::outer(at::arange(positions, options), frequency);
}

template <class T>
void turn(const at::Tensor& x_blhd, const at::Tensor& table, const at::Tensor& y, bool backward) {
  const std::int64_t tokens = x_blhd.size(1), heads = x_blhd.size(2), size = x_blhd.size(3);
  const RotateRows<T> work{.x = data<T>(x_blhd),
                           .y = data<T>(y),
                           .table = data<float>(table),
                           .tokens = tokens,
                           .heads = heads,
                           .size = size,
                           .backward = backward};
  at::parallel_for(0, x_blhd.size(0) * tokens, kTokenGrain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scratch(2 * padded(size));
    loops<T>().rotate_rows(work, begin, end, scratch.data());
  });
}

struct Rotate : torch::autograd::Function<Rotate> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any, const at::Tensor& table) {
    const at::Tensor x = x_any.contiguous(), y = at::empty_like(x);
    const Recorded recorded("hotshot::rotate", {x, y});
    with_type(x, [&](auto type) { turn<decltype(type)>(x, table, y, /*backward=*/false); });
    context->save_for_backward({table});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor table = context->get_saved_variables()[0];
    const at::Tensor grad_y = gradients[0].contiguous(), grad_x = at::empty_like(grad_y);
    const Recorded recorded("hotshot::rotate_backward", {grad_y, grad_x});
    with_type(grad_y, [&](auto type) { turn<decltype(type)>(grad_y, table, grad_x, /*backward=*/true); });
    return {grad_x, at::Tensor()};
  }
};

}  // namespace

at::Tensor rotary_table(std::int64_t t, std::int64_t h, std::int64_t w, std::int64_t head_size, double theta) {
  const std::int64_t space = 2 * (head_size / 6), time = head_size - 2 * space;
  const at::Tensor angle_t = axis_angles(t, time, theta).view({t, 1, 1, time / 2}).expand({t, h, w, time / 2});
  const at::Tensor angle_h = axis_angles(h, space, theta).view({1, h, 1, space / 2}).expand({t, h, w, space / 2});
  const at::Tensor angle_w = axis_angles(w, space, theta).view({1, 1, w, space / 2}).expand({t, h, w, space / 2});
  const at::Tensor angle = at::cat({angle_t, angle_h, angle_w}, -1).reshape({t * h * w, head_size / 2});
  return at::complex(at::cos(angle), at::sin(angle)).to(at::kComplexFloat);
}

at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& table) {
  const bool fits = x_blhd.size(-1) % 2 == 0 && table.device().is_cpu() && table.scalar_type() == at::kComplexFloat;
  if (!fusable(x_blhd) || !fits) return composition::rotate(x_blhd, table);
  return Rotate::apply(x_blhd, table.contiguous());
}

}  // namespace hotshot::kernel
