// Convolution as every layer here calls it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/module.h"

namespace hotshot::nn {

/// Normal with variance 1 / fan_in.
Init fan_in_init(std::int64_t fan_in);

/// Convolution of x [n, in, …] with weight [out, in, …] and bias [out], cast to x's dtype. Zero padding on both sides.
/// Where x is channels-last, and on a GPU always, so is the result. On a CPU without gradients the bytes do not depend on the thread count.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                    at::IntArrayRef padding);

}  // namespace hotshot::nn
