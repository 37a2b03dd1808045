#include "nn/resnet_block2d.h"

#include <ATen/ATen.h>

namespace hotshot::nn {

ResnetBlock2d::ResnetBlock2d(const ResnetBlock2dOptions& o)
    : norm1_(o.groups, o.in, o.eps),
      conv1_({.in = o.in, .out = o.out, .padding = 1}),
      norm2_(o.groups, o.out, o.eps),
      conv2_({.in = o.out, .out = o.out, .padding = 1}) {
  add_child("norm1", norm1_);
  add_child("conv1", conv1_);
  if (o.time > 0) add_child("time_emb_proj", time_emb_proj_.emplace(LinearOptions{.in = o.time, .out = o.out}));
  add_child("norm2", norm2_);
  add_child("conv2", conv2_);
  if (o.in != o.out) {
    add_child("conv_shortcut", conv_shortcut_.emplace(Conv2dOptions{.in = o.in, .out = o.out, .kernel = 1}));
  }
}

at::Tensor ResnetBlock2d::operator()(const at::Tensor& x_nchw, const at::Tensor& time_be, std::int64_t frames) const {
  const at::Tensor x = channels_last(x_nchw);
  at::Tensor middle = conv1_(norm1_.then_silu(x, frames));
  if (time_emb_proj_) {
    const at::Tensor time_nc = (*time_emb_proj_)(time_be).repeat_interleave(x.size(0) / time_be.size(0), 0);
    middle = middle + time_nc.unsqueeze(-1).unsqueeze(-1);
  }
  return conv2_(norm2_.then_silu(middle, frames), conv_shortcut_ ? (*conv_shortcut_)(x) : x);
}

Downsample2d::Downsample2d(std::int64_t channels, std::int64_t padding)
    : conv_({.in = channels, .out = channels, .stride = 2, .padding = padding, .padding_after = 1}) {
  add_child("conv", conv_);
}

at::Tensor Downsample2d::operator()(const at::Tensor& x_nchw) const { return conv_(x_nchw); }

Upsample2d::Upsample2d(std::int64_t channels) : conv_({.in = channels, .out = channels, .padding = 1}) {
  add_child("conv", conv_);
}

at::Tensor Upsample2d::operator()(const at::Tensor& x_nchw, std::int64_t height, std::int64_t width) const {
  return conv_(at::upsample_nearest2d(x_nchw, {height, width}));
}

}  // namespace hotshot::nn
