// Matrices as operands of our own products (loops.h, PanelProduct). All are contiguous and of the loops' type T.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "kernel/fused.h"
#include "kernel/isa.h"
#include "kernel/loops.h"

namespace hotshot::kernel {

inline std::int64_t blocks(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

/// Less work is not worth waking another thread for, some microseconds of either: values packed, operations multiplied.
inline constexpr std::int64_t kPackedAlone = 1 << 18, kMultipliedAlone = 4'000'000;

/// Whether products of x's type are ours here.
inline bool multiplies(const at::Tensor& x) {
  if (!fusable(x)) return false;
  if (x.scalar_type() == at::kFloat) return loops<float>().multiply_panels != nullptr;
  return loops<Bf16>().multiply_panels != nullptr;
}

/// Whether rows of so many values are rows of a product's elements.
inline bool whole_elements(const at::Tensor& x, std::int64_t values) {
  return values % (x.scalar_type() == at::kFloat ? loops<float>().element_depth : loops<Bf16>().element_depth) == 0;
}

/// Of a core, as the system says, or 1 MB.
inline std::int64_t second_cache_bytes() {
  static const std::int64_t said = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return said > 0 ? said : 1 << 20;
}

/// Elements of a product's depth that are multiplied at once, a multiple of kPanelDepth or all: so few that two thirds
/// of the second cache hold 2 · kPanelRows of them, for a right operand passes once a block of rows. No value depends
/// on it.
inline std::int64_t depth_of_part(std::int64_t depth) {
  const std::int64_t fit = second_cache_bytes() * 2 / 3 / (2 * kPanelRows * 4);
  const std::int64_t parts = blocks(depth, std::max(fit / kPanelDepth * kPanelDepth, kPanelDepth));
  return parts > 1 ? blocks(blocks(depth, parts), kPanelDepth) * kPanelDepth : depth;
}

/// Rows of a block where a product has so many, of `depth` elements that are multiplied at once: as many as two thirds
/// of the second cache hold; an even number of nearly equal blocks, so that threads get equal work, in whole vectors,
/// which packing writes. No value depends on it.
inline std::int64_t block_rows_of(std::int64_t rows, std::int64_t depth) {
  constexpr std::int64_t kVector = 16;
  static_assert(kPanelRows % kVector == 0 && kPanelColumns % kVector == 0);
  const std::int64_t fit = second_cache_bytes() * 2 / 3 / std::max<std::int64_t>(4 * depth, 1);
  const std::int64_t most = std::clamp(fit, kPanelRows, 6 * kPanelRows);
  return blocks(blocks(rows, 2 * blocks(rows, 2 * most)), kVector) * kVector;
}

/// Packs in parallel, panels or parts of the depth; the panels are 4-byte elements.
template <class T>
at::Tensor packed(Packing<T> packing) {
  constexpr std::int64_t kPart = 64;
  const std::int64_t panels = blocks(packing.columns, packing.panel_columns), step = loops<T>().element_depth;
  packing.panel_elements = packing.panel_columns * blocks(packing.depth, step);
  const at::Tensor memory = at::empty({panels * packing.panel_elements}, at::kFloat);
  packing.panels = memory.data_ptr();
  if (!packing.depth_is_row) {
    at::parallel_for(0, panels, blocks(kPackedAlone, packing.panel_columns * packing.depth),
                     [&](std::int64_t begin, std::int64_t end) { loops<T>().pack(packing, begin, end); });
    return memory;
  }
  at::parallel_for(0, blocks(packing.depth, kPart), blocks(kPackedAlone, packing.columns * kPart),
                   [&](std::int64_t begin, std::int64_t end) {
                     const std::int64_t from = begin * kPart;
                     Packing<T> part = packing;
                     part.x += from * packing.stride;
                     part.depth = std::min(end * kPart, packing.depth) - from;
                     part.panels = data<float>(memory) + from / step * packing.panel_columns;
                     loops<T>().pack(part, 0, panels);
                   });
  return memory;
}

/// x [depth, columns] as a right operand.
template <class T>
at::Tensor packed(const at::Tensor& x) {
  return packed<T>(
      {.x = data<T>(x), .stride = x.size(1), .columns = x.size(1), .depth = x.size(0), .depth_is_row = true});
}

/// x [columns, depth] as a right operand.
template <class T>
at::Tensor packed_transposed(const at::Tensor& x) {
  return packed<T>({.x = data<T>(x), .stride = x.size(1), .columns = x.size(0), .depth = x.size(1)});
}

/// A product whose left operand is x [rows, depth] as it is; whole_elements(x, depth).
template <class T>
PanelProduct<T> product_of_rows(const at::Tensor& x, const at::Tensor& right, std::int64_t columns) {
  const std::int64_t row = x.size(1) / loops<T>().element_depth, height = block_rows_of(x.size(0), depth_of_part(row));
  return {.left = x.data_ptr(),
          .left_block = row * height,
          .left_row = row,
          .left_depth = 1,
          .block_rows = height,
          .right = right.data_ptr(),
          .right_panel = kPanelColumns * row,
          .rows = x.size(0),
          .columns = columns,
          .depth = x.size(1)};
}

/// Shares the tiles of one part of the depth out among the threads.
template <class T>
void multiply_part(const PanelProduct<T>& product) {
  const std::int64_t tiles = blocks(product.rows, product.block_rows) * blocks(product.columns, kPanelColumns);
  const std::int64_t operations_of_tile = 2 * product.block_rows * kPanelColumns * product.depth;
  at::parallel_for(0, tiles, blocks(kMultipliedAlone, operations_of_tile),
                   [&](std::int64_t begin, std::int64_t end) { loops<T>().multiply_panels(product, begin, end); });
}

/// Multiplies, one part of the depth after another; sums of all but the last wait in fp32.
template <class T>
void multiply(const PanelProduct<T>& product) {
  const std::int64_t step = loops<T>().element_depth, depth = blocks(product.depth, step), part = depth_of_part(depth);
  if (part >= depth) return multiply_part(product);
  const at::Tensor memory = product.wide ? at::Tensor() : at::empty({product.rows, product.columns}, at::kFloat);
  float* const sums = product.wide ? product.wide : data<float>(memory);
  for (std::int64_t from = 0; from < depth; from += part) {
    PanelProduct<T> p = product;
    p.left = static_cast<const float*>(product.left) + from * product.left_depth;
    p.right = static_cast<const float*>(product.right) + from * kPanelColumns;
    p.begun = from > 0 ? sums : nullptr;
    if (from + part < depth) {
      p.depth = part * step;
      p.wide = sums;
      p.bias = nullptr;
    } else {
      p.depth = product.depth - from * step;
    }
    multiply_part(p);
  }
}

/// The sum of the rows of x, fp32.
template <class T>
at::Tensor summed_rows(const at::Tensor& x) {
  const std::int64_t columns = x.size(1);
  const at::Tensor origin = at::zeros({columns}, at::kFloat);
  const at::Tensor sums =
      sum_by_group({x.size(0), columns, x.size(0)}, 2, [&](std::int64_t first, std::int64_t last, float* out) {
        loops<T>().channel_sums({.x = data<T>(x),
                                 .origin = data<float>(origin),
                                 .sum = out,
                                 .square = out + padded(columns),
                                 .channels = columns},
                                first, last);
      });
  return sums[0][0];
}

}  // namespace hotshot::kernel
