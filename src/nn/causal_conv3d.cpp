#include "nn/causal_conv3d.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "kernel/convolution.h"

namespace hotshot::nn {
namespace {

// The last `count` frames of before and x, or all where there are fewer.
at::Tensor last_frames(const at::Tensor& before, const at::Tensor& x_bcthw, std::int64_t count) {
  const bool alone = !before.defined() || x_bcthw.size(2) >= count;
  const at::Tensor all = alone ? x_bcthw : at::cat({before, x_bcthw}, 2);
  return all.narrow(2, std::max<std::int64_t>(all.size(2) - count, 0), std::min(all.size(2), count)).clone();
}

}  // namespace

CausalConv3d::CausalConv3d(const CausalConv3dOptions& o)
    : options_(o),
      weight_(add_parameter("weight", {o.out, o.in, o.kernel[0], o.kernel[1], o.kernel[2]},
                            Init::fan_in(o.in * o.kernel[0] * o.kernel[1] * o.kernel[2]))),
      bias_(add_parameter("bias", {o.out}, o.bias_init)) {
  weight_.hidden = o.hidden;
}

at::Tensor CausalConv3d::operator()(const at::Tensor& x_bcthw, StreamCache* cache, const at::Tensor& added) const {
  const std::int64_t past = options_.pad_time ? options_.kernel[0] - 1 : 0;
  const std::int64_t height = options_.kernel[1] / 2, width = options_.kernel[2] / 2;
  at::Tensor before, weight = weight_.tensor;
  if (past > 0 && cache) {
    at::Tensor& remembered = (*cache)[this];
    before = remembered;
    remembered = last_frames(before, x_bcthw, past);
  }
  // Taps that would see nothing but zero frames are left out: a third of the work for a picture.
  const std::int64_t seen = x_bcthw.size(2) + (before.defined() ? before.size(2) : 0),
                     blind = std::max<std::int64_t>(past + 1 - seen, 0);
  if (blind > 0) weight = weight.narrow(2, blind, past + 1 - blind);
  return kernel::convolution(
      x_bcthw, weight, bias_.tensor,
      {.stride = {options_.time_stride, 1, 1}, .before = {past - blind, height, width}, .after = {0, height, width}},
      added, before);
}

}  // namespace hotshot::nn
