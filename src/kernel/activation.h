// Pointwise non-linearities. Computed in fp32, returned in the dtype they came
// in; differentiable.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel {

/// x Φ(x) by the tanh approximation (Hendrycks & Gimpel 2016), which Wan and T5
/// v1.1 were trained with.
at::Tensor gelu_tanh(const at::Tensor& x);

}  // namespace hotshot::kernel
