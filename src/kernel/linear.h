// Matrix products of activations with weights.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel {

/// y = x wᵀ + b. x [..., in], weight_oi [out, in], bias_o [out] or undefined.
/// Computed and returned in x's dtype (the weights are cast, so fp32 master
/// weights with bf16 activations train in bf16); differentiable. On a CPU
/// without gradients the bytes of the result do not depend on the thread count; with them they do not where products
/// are our own (decision 0017): from two rows on.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o);

}  // namespace hotshot::kernel
