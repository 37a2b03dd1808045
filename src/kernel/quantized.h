// Products of activations with weights that are kept as bytes: half of bf16's memory and, where the processor
// multiplies bytes, half of its time or less. For inference on a CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hotshot::kernel {

/// A weight [out, in], w ≈ scale_o · byte, byte in [−127, 127]; made by quantized().
struct QuantizedWeight {
  std::int64_t out = 0;
  std::int64_t in = 0;
  at::Tensor bytes;     // int8, in the order of our products
  at::Tensor scale_o;   // fp32, padded with 0
  at::Tensor offset_o;  // int32, padded with 0: 128 times the sum of a row's bytes
};

/// Each row by its largest |w| / 127, to the nearest. weight_oi [out, in], in ≤ 65,536, fp32 or bf16, on a CPU.
/// InvalidArgument where a value is not finite.
QuantizedWeight quantized(const at::Tensor& weight_oi);

/// y = x wᵀ + b. x [..., in] fp32 or bf16, bias_o [out] or undefined; in x's dtype. x is quantised too, each row by its
/// largest |x| / 127; a row with a value that is not finite becomes NaN. Sums are exact, so the bytes of the result do
/// not depend on the thread count. Not differentiable.
at::Tensor linear(const at::Tensor& x, const QuantizedWeight& weight, const at::Tensor& bias_o);

}  // namespace hotshot::kernel
