#include "nn/conv2d.h"

#include <ATen/ATen.h>

#include "kernel/convolution.h"

namespace hotshot::nn {
namespace {

Init weight_init(const Conv2dOptions& o) {
  if (o.weight_init.kind != Init::Kind::normal || o.weight_init.std >= 0) return o.weight_init;
  return Init::fan_in(o.in * o.kernel * o.kernel);
}

}  // namespace

Conv2d::Conv2d(const Conv2dOptions& o)
    : options_(o),
      weight_(add_parameter("weight", {o.out, o.in, o.kernel, o.kernel}, weight_init(o))),
      bias_(add_parameter("bias", {o.out}, Init::zeros())) {
  weight_.hidden = o.hidden;
}

at::Tensor Conv2d::operator()(const at::Tensor& x, const at::Tensor& added) const {
  return convolve(x, added, /*then_silu=*/false);
}

at::Tensor Conv2d::then_silu(const at::Tensor& x) const { return convolve(x, {}, /*then_silu=*/true); }

at::Tensor Conv2d::convolve(const at::Tensor& x, const at::Tensor& added, bool then_silu) const {
  const std::int64_t after = options_.padding_after.value_or(options_.padding);
  const at::Tensor y = kernel::convolution(x.unsqueeze(2), weight_.tensor.unsqueeze(2), bias_.tensor,
                                           {.stride = {1, options_.stride, options_.stride},
                                            .before = {0, options_.padding, options_.padding},
                                            .after = {0, after, after},
                                            .then_silu = then_silu},
                                           added.defined() ? added.unsqueeze(2) : added);
  return y.squeeze(2);
}

at::Tensor channels_last(const at::Tensor& x_nchw) { return x_nchw.contiguous(at::MemoryFormat::ChannelsLast); }

at::Tensor to_tokens(const at::Tensor& x_nchw) { return x_nchw.permute({0, 2, 3, 1}).flatten(1, 2); }

at::Tensor to_pixels(const at::Tensor& x_nlc, std::int64_t height, std::int64_t width) {
  return x_nlc.unflatten(1, {height, width}).permute({0, 3, 1, 2});
}

}  // namespace hotshot::nn
