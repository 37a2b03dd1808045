// Convolutions in space and time.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace hotshot::kernel {

/// In time, height and width.
struct ConvolutionOptions {
  std::array<std::int64_t, 3> stride{1, 1, 1};
  std::array<std::int64_t, 3> before{};  // zeros before the first frame, row and column
  std::array<std::int64_t, 3> after{};   // and after the last
  bool then_silu = false;                // y · sigmoid(y), before `added`
};

/// y[b, o, t, h, w] = Σ over c, i, j, k of weight[o, c, i, j, k] · x[b, c, t · stride_t + i − before_t, …] + bias[o] +
/// added, with c side by side in memory (at::MemoryFormat::ChannelsLast3d), as x does best.
///
/// weight [o, c, kt, kh, kw] of any floating type, bias [o], added as y or undefined. Differentiable in all four. past
/// [b, c, p, h, w] or undefined: frames before x, in place of the last zeros before it; p ≤ before_t; without gradient.
/// bf16 is summed up in fp32 and rounded once; the bytes do not depend on the number of threads where the loops are
/// ours (linear.h).
at::Tensor convolution(const at::Tensor& x_bcthw, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvolutionOptions& options, const at::Tensor& added = {}, const at::Tensor& past = {});

}  // namespace hotshot::kernel
