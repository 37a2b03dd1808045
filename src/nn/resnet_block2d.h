// The residual block of the networks of pictures, and what changes their size.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "nn/conv2d.h"
#include "nn/group_norm.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::nn {

struct ResnetBlock2dOptions {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t groups = 32;
  double eps = 1e-5;
  std::int64_t time = 0;  // width of the time embedding; 0 for a block without
};

/// x + conv(silu(norm(conv(silu(norm(x))) + time))), with a 1×1 convolution of x where the channels change (diffusers
/// ResnetBlock2D). Norms share their statistics over the `frames` pictures of a clip, as Hotshot-XL does it.
class ResnetBlock2d : public Module {
 public:
  explicit ResnetBlock2d(const ResnetBlock2dOptions& options);

  /// time_be: the time embedding after its SiLU, one row for each n / b pictures; undefined for a block without time.
  /// Returns [n, out, h, w], channels-last.
  at::Tensor operator()(const at::Tensor& x_nchw, const at::Tensor& time_be = {}, std::int64_t frames = 1) const;

 private:
  GroupNorm norm1_;
  Conv2d conv1_;
  std::optional<Linear> time_emb_proj_;
  GroupNorm norm2_;
  Conv2d conv2_;
  std::optional<Conv2d> conv_shortcut_;
};

/// Halves height and width by a convolution (diffusers Downsample2D): [n, c, h, w] → [n, c, ⌈h/2⌉, ⌈w/2⌉] with
/// `padding` 1 on every side; with 0, as the autoencoder does it, a row and a column of zeros follow the picture:
/// [n, c, ⌊h/2⌋, ⌊w/2⌋].
class Downsample2d : public Module {
 public:
  Downsample2d(std::int64_t channels, std::int64_t padding);
  at::Tensor operator()(const at::Tensor& x_nchw) const;

 private:
  Conv2d conv_;
};

/// Repeats pixels to height × width, at least those of x, and convolves (diffusers Upsample2D).
class Upsample2d : public Module {
 public:
  explicit Upsample2d(std::int64_t channels);
  at::Tensor operator()(const at::Tensor& x_nchw, std::int64_t height, std::int64_t width) const;
  /// To twice the size.
  at::Tensor operator()(const at::Tensor& x_nchw) const {
    return (*this)(x_nchw, 2 * x_nchw.size(2), 2 * x_nchw.size(3));
  }

 private:
  Conv2d conv_;
};

}  // namespace hotshot::nn
