#include "kernel/activation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernel/composition.h"
#include "kernel/fused.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kGrain = 1 << 14;  // values

struct Gelu : torch::autograd::Function<Gelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any) {
    const at::Tensor x = x_any.contiguous();
    const at::Tensor y = at::empty_like(x);
    const Recorded recorded("hotshot::gelu", {x, y});
    with_type(x, [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        loops<T>().gelu(data<T>(x) + begin, data<T>(y) + begin, end - begin);
      });
    });
    context->save_for_backward({x});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    const at::Tensor grad_y = gradients[0].to(x.scalar_type()).contiguous();
    const at::Tensor grad_x = at::empty_like(x);
    const Recorded recorded("hotshot::gelu_backward", {x, grad_y, grad_x});
    with_type(x, [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        loops<T>().gelu_backward(data<T>(x) + begin, data<T>(grad_y) + begin, data<T>(grad_x) + begin, end - begin);
      });
    });
    return {grad_x};
  }
};

struct Geglu : torch::autograd::Function<Geglu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any) {
    const at::Tensor x = x_any.contiguous();
    const std::int64_t size = x.size(-1) / 2, rows = x.numel() / x.size(-1);
    auto shape = x.sizes().vec();
    shape.back() = size;
    const at::Tensor y = at::empty(shape, x.options());
    const Recorded recorded("hotshot::geglu", {x, y});
    with_type(x, [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, rows, rows_per_grain(size), [&](std::int64_t begin, std::int64_t end) {
        loops<T>().geglu(data<T>(x) + begin * 2 * size, data<T>(y) + begin * size, end - begin, size);
      });
    });
    context->save_for_backward({x});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    const at::Tensor grad_y = gradients[0].to(x.scalar_type()).contiguous();
    const at::Tensor grad_x = at::empty_like(x);
    const std::int64_t size = x.size(-1) / 2, rows = x.numel() / x.size(-1);
    const Recorded recorded("hotshot::geglu_backward", {x, grad_y, grad_x});
    with_type(x, [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, rows, rows_per_grain(size), [&](std::int64_t begin, std::int64_t end) {
        loops<T>().geglu_backward(data<T>(x) + begin * 2 * size, data<T>(grad_y) + begin * size,
                                  data<T>(grad_x) + begin * 2 * size, end - begin, size);
      });
    });
    return {grad_x};
  }

 private:
  static std::int64_t rows_per_grain(std::int64_t size) { return std::max<std::int64_t>(kGrain / size, 1); }
};

}  // namespace

at::Tensor gelu(const at::Tensor& x) { return at::gelu(x); }

at::Tensor quick_gelu(const at::Tensor& x) {
  const at::Tensor wide = x.to(at::kFloat);
  return (wide * at::sigmoid(1.702 * wide)).to(x.scalar_type());
}

at::Tensor geglu(const at::Tensor& x) { return fusable(x) ? Geglu::apply(x) : composition::geglu(x); }

at::Tensor gelu_tanh(const at::Tensor& x) { return fusable(x) ? Gelu::apply(x) : composition::gelu_tanh(x); }

}  // namespace hotshot::kernel
