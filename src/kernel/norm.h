// Normalisations. Statistics are fp32 whatever the dtype of the activations.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel {

/// LayerNorm over the last axis without weights, then · (1 + scale) + shift
/// (Peebles & Xie 2023, "DiT", adaLN). x_bld; shift and scale fp32,
/// broadcastable to x (usually [b, 1, d]). Returns x's dtype.
at::Tensor layer_norm_modulate(const at::Tensor& x_bld, const at::Tensor& shift, const at::Tensor& scale, double eps);

/// LayerNorm over the last axis with weight_d and bias_d. Returns x's dtype.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight_d, const at::Tensor& bias_d, double eps);

/// x / rms(x) · weight over the last axis (Zhang & Sennrich 2019). Returns x's
/// dtype.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight_d, double eps);

/// x + y · gate in fp32, rounded once to x's dtype. gate fp32, broadcastable to
/// x.
at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);

/// RMS norm over the channels of x_bcthw (any rank with channels second), ·
/// gamma, as the Wan autoencoder does it: x / max(‖x‖₂, 1e-12) · √c · gamma (fused √(‖x‖₂² + 1e-24) for the maximum);
/// then SiLU if asked. gamma has c values. Returns x's dtype, with the channels of a pixel side by side in memory, as x
/// does best.
at::Tensor channel_rms_norm(const at::Tensor& x_bcthw, const at::Tensor& gamma, bool then_silu);

}  // namespace hotshot::kernel
