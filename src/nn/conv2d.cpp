#include "nn/conv2d.h"

#include <ATen/ATen.h>

#include "kernel/linear.h"

namespace hotshot::nn {
namespace {

Init weight_init(const Conv2dOptions& o) {
  if (o.weight_init.kind != Init::Kind::normal || o.weight_init.std >= 0) return o.weight_init;
  return fan_in_init(o.in * o.kernel * o.kernel);
}

}  // namespace

Conv2d::Conv2d(const Conv2dOptions& o)
    : options_(o),
      weight_(add_parameter("weight", {o.out, o.in, o.kernel, o.kernel}, weight_init(o))),
      bias_(add_parameter("bias", {o.out}, Init::zeros())) {
  weight_.hidden = o.hidden;
}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  const bool pointwise = options_.kernel == 1 && options_.stride == 1 && options_.padding == 0;
  if (pointwise && x.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    const at::Tensor y_nlc = kernel::linear(to_tokens(x), weight_.tensor.flatten(1), bias_.tensor);
    return to_pixels(y_nlc, x.size(2), x.size(3));
  }
  return convolve(x, weight_.tensor, bias_.tensor, {options_.stride, options_.stride},
                  {options_.padding, options_.padding});
}

at::Tensor channels_last(const at::Tensor& x_nchw) { return x_nchw.contiguous(at::MemoryFormat::ChannelsLast); }

at::Tensor to_tokens(const at::Tensor& x_nchw) { return x_nchw.permute({0, 2, 3, 1}).flatten(1, 2); }

at::Tensor to_pixels(const at::Tensor& x_nlc, std::int64_t height, std::int64_t width) {
  return x_nlc.unflatten(1, {height, width}).permute({0, 3, 1, 2});
}

}  // namespace hotshot::nn
