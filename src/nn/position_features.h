// Where a place is in a clip, as waves: what rotary positions, which only tell distances, leave out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hotshot::nn {

/// Directions in (time, height, width) that position_features has waves along: the axes, and what stands still for
/// something that moves left, right, up or down.
inline constexpr std::int64_t kWaveDirections = 7;

/// Features of each place of a grid of t × h × w, frame by frame and row by row: [t·h·w, kWaveDirections · 2 · waves],
/// fp32. For each direction in turn cos(π k u), k = 1 … waves, then sin(π k u). u is (i + ½) / n in height and width,
/// so from edge to edge whatever the size, (i + ½) / 8 in time, so that a frame keeps its features in longer clips, and
/// their sums and differences: time + width, time − width, time + height, time − height.
at::Tensor position_features(std::int64_t t, std::int64_t h, std::int64_t w, std::int64_t waves);

}  // namespace hotshot::nn
