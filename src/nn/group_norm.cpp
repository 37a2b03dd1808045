#include "nn/group_norm.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "kernel/group_norm.h"
#include "nn/conv2d.h"

namespace hotshot::nn {
namespace {

// The channels-last x as rows of channels, those of a clip together: [clips, rows, c].
at::Tensor clip_rows(const at::Tensor& x_nchw, std::int64_t frames) {
  const at::Tensor x_nlc = to_tokens(channels_last(x_nchw));
  return x_nlc.view({x_nlc.size(0) / frames, frames * x_nlc.size(1), x_nlc.size(2)});
}

at::Tensor from_rows(const at::Tensor& y_nlc, const at::Tensor& x_nchw) {
  return to_pixels(y_nlc.view({x_nchw.size(0), -1, x_nchw.size(1)}), x_nchw.size(2), x_nchw.size(3));
}

}  // namespace

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, double eps)
    : groups_(groups),
      eps_(eps),
      weight_(add_parameter("weight", {channels}, Init::ones(), /*keep_fp32=*/true)),
      bias_(add_parameter("bias", {channels}, Init::zeros(), /*keep_fp32=*/true)) {
  require(groups > 0 && channels % groups == 0, "group norm", "expected channels in {} equal groups but got {}", groups,
          channels);
}

at::Tensor GroupNorm::operator()(const at::Tensor& x, std::int64_t frames) const {
  return from_rows(kernel::group_norm(clip_rows(x, frames), groups_, weight_.tensor, bias_.tensor, eps_), x);
}

at::Tensor GroupNorm::then_silu(const at::Tensor& x, std::int64_t frames) const {
  return from_rows(kernel::group_norm_silu(clip_rows(x, frames), groups_, weight_.tensor, bias_.tensor, eps_), x);
}

}  // namespace hotshot::nn
