// Matrix products of activations with weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace hotshot::kernel {

/// y = x wᵀ + b. x [..., in], weight_oi [out, in], bias_o [out] or undefined.
/// Computed and returned in x's dtype (the weights are cast, so fp32 master
/// weights with bf16 activations train in bf16); differentiable. On a CPU
/// without gradients the bytes of the result do not depend on the thread count; with them they do not where products
/// are our own (decision 0017): from two rows on.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight_oi, const at::Tensor& bias_o);

/// A weight [out, in] in the order in which our products read it, for use again and again: packing costs as much as
/// multiplying it with some hundred rows by tiles.
struct PackedWeight {
  std::int64_t out = 0;
  std::int64_t in = 0;
  at::ScalarType type = at::kFloat;
  at::Tensor panels;
};

/// Nothing where products of the weight's type are not ours. weight_oi [out, in], fp32 or bf16.
std::optional<PackedWeight> pack_weight(const at::Tensor& weight_oi);

enum class Activation { none, gelu_tanh };

/// What a layer's result is added to: x + gate · result.
struct Residual {
  at::Tensor x;     // of the result's shape and dtype, or undefined for 0
  at::Tensor gate;  // beside an x: fp32, as gated_residual takes it (kernel/norm.h), or undefined for 1
};

/// What becomes of z = x wᵀ + b before it is rounded: activation(z), added to the residual.
struct Epilogue {
  Activation activation = Activation::none;
  Residual residual;
};

/// The same as above, to the byte where x has two rows or more and the epilogue is empty; x of the weight's type, on a
/// CPU. Not differentiable.
at::Tensor linear(const at::Tensor& x, const PackedWeight& weight, const at::Tensor& bias_o,
                  const Epilogue& epilogue = {});

}  // namespace hotshot::kernel
