// 2-D convolution, and the layout of the networks of pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "nn/module.h"

namespace hotshot::nn {

struct Conv2dOptions {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;                        // rows and columns of zeros on each side
  std::optional<std::int64_t> padding_after = {};  // where other than `padding` at the bottom and on the right
  Init weight_init = Init::normal(-1);             // a negative deviation stands for 1/√(in · kernel²)
  bool hidden = true;                              // see Parameter::hidden
};

/// 2-D convolution of x_nchw with weight [out, in, k, k] and bias: [n, out, h', w'] in the dtype of x, channels-last,
/// as x is best.
class Conv2d : public Module {
 public:
  explicit Conv2d(const Conv2dOptions& options);
  /// `added`, as the result, is added to it unless undefined.
  at::Tensor operator()(const at::Tensor& x_nchw, const at::Tensor& added = {}) const;
  /// silu of it.
  at::Tensor then_silu(const at::Tensor& x_nchw) const;

 private:
  at::Tensor convolve(const at::Tensor& x_nchw, const at::Tensor& added, bool then_silu) const;

  Conv2dOptions options_;
  Parameter& weight_;
  Parameter& bias_;
};

/// x_nchw with the channels of a pixel side by side in memory ("channels last"), the layout in which networks of
/// pictures compute: convolutions are fastest in it, and pixels are tokens without a copy.
at::Tensor channels_last(const at::Tensor& x_nchw);

/// Pixels as tokens: x_nchw → [n, h · w, c], a view where x is channels-last.
at::Tensor to_tokens(const at::Tensor& x_nchw);

/// The inverse of to_tokens: x_nlc, l = height · width → [n, c, height, width], channels-last.
at::Tensor to_pixels(const at::Tensor& x_nlc, std::int64_t height, std::int64_t width);

}  // namespace hotshot::nn
