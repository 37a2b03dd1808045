// Pointwise non-linearities. Computed in fp32, returned in the dtype they came
// in; differentiable.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel {

/// x Φ(x) by the tanh approximation (Hendrycks & Gimpel 2016), which Wan and T5
/// v1.1 were trained with.
at::Tensor gelu_tanh(const at::Tensor& x);

/// x Φ(x), exactly: OpenCLIP's.
at::Tensor gelu(const at::Tensor& x);

/// x σ(1.702 x) (Hendrycks & Gimpel 2016, section 2), which CLIP was trained
/// with.
at::Tensor quick_gelu(const at::Tensor& x);

/// value · gate Φ(gate) for x = (value, gate) halves of the last axis (Shazeer
/// 2020, arXiv 2002.05202, GEGLU): [..., 2 d] → [..., d].
at::Tensor geglu(const at::Tensor& x);

}  // namespace hotshot::kernel
