#include "kernel/activation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernel/composition.h"
#include "kernel/fused.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kGrain = 1 << 14;  // values

struct Gelu : torch::autograd::Function<Gelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any) {
    const at::Tensor x = x_any.contiguous();
    const at::Tensor y = at::empty_like(x);
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
    with_type(x, [&](auto type) {
      using T = decltype(type);
      at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        loops<T>().gelu_backward(data<T>(x) + begin, data<T>(grad_y) + begin, data<T>(grad_x) + begin, end - begin);
      });
    });
    return {grad_x};
  }
};

}  // namespace

at::Tensor gelu_tanh(const at::Tensor& x) { return fusable(x) ? Gelu::apply(x) : composition::gelu_tanh(x); }

}  // namespace hotshot::kernel
