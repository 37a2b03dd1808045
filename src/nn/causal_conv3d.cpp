#include "nn/causal_conv3d.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "nn/convolution.h"

namespace hotshot::nn {

CausalConv3d::CausalConv3d(const CausalConv3dOptions& o)
    : options_(o),
      weight_(add_parameter("weight", {o.out, o.in, o.kernel[0], o.kernel[1], o.kernel[2]},
                            fan_in_init(o.in * o.kernel[0] * o.kernel[1] * o.kernel[2]))),
      bias_(add_parameter("bias", {o.out}, o.bias_init)) {
  weight_.hidden = o.hidden;
}

at::Tensor CausalConv3d::operator()(const at::Tensor& x_bcthw, StreamCache* cache) const {
  const std::int64_t past = options_.pad_time ? options_.kernel[0] - 1 : 0;
  at::Tensor x = x_bcthw, weight = weight_.tensor;
  if (past > 0) {
    at::Tensor* before = cache ? &(*cache)[this] : nullptr;
    if (before && before->defined()) x = at::cat({*before, x}, 2);
    const std::int64_t seen = x.size(2), zeros = past - (seen - x_bcthw.size(2));
    if (before) *before = x.narrow(2, std::max<std::int64_t>(seen - past, 0), std::min(seen, past)).clone();
    // Taps that would see nothing but zero frames are left out: a third of the work for a picture.
    const std::int64_t blind = std::max<std::int64_t>(past + 1 - seen, 0);
    weight = weight.narrow(2, blind, past + 1 - blind);
    if (zeros > blind) x = at::constant_pad_nd(x, {0, 0, 0, 0, zeros - blind, 0});
  }
  return convolve(x, weight, bias_.tensor, {options_.time_stride, 1, 1},
                  {0, options_.kernel[1] / 2, options_.kernel[2] / 2});
}

}  // namespace hotshot::nn
