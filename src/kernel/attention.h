// Scaled dot-product attention that never holds the whole score matrix.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::kernel {

/// softmax(scale · q kᵀ + bias) v, for q_blhd [batch, queries, heads, head
/// size], k_bshd and v_bshd [batch, keys, …]; returns [batch, queries, heads,
/// head size] in q's dtype. `bias`, undefined or fp32 broadcastable to [batch,
/// heads, queries, keys], is added to the scores; -inf masks. Works through
/// blocks of queries and computes the scores again in the backward pass (Dao et
/// al. 2022, "FlashAttention", section 3), so memory grows with queries + keys,
/// not with their product. Gradients flow to q, k, v and bias.
at::Tensor attention(const at::Tensor& q_blhd, const at::Tensor& k_bshd, const at::Tensor& v_bshd, double scale,
                     const at::Tensor& bias = {});

}  // namespace hotshot::kernel
