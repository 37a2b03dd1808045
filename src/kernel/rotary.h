// Rotary position embedding (Su et al. 2021) over time, height and width.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hotshot::kernel {

/// Rotations exp(i · position / theta^(2j/d)) of a grid of t·h·w tokens,
/// complex64 [tokens, head_size / 2]. The head is split as Wan does:
/// 2·⌊head_size/6⌋ values each for height and width, the rest for time;
/// computed in fp64.
at::Tensor rotary_table(std::int64_t t, std::int64_t h, std::int64_t w, std::int64_t head_size, double theta = 10000.0);

/// Rotates the pairs (2j, 2j + 1) of x_blhd [batch, tokens, heads, head size]
/// by table [tokens, head_size / 2]; fp32 inside, returns x's dtype.
at::Tensor rotate(const at::Tensor& x_blhd, const at::Tensor& table);

}  // namespace hotshot::kernel
