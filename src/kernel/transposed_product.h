// Products over rows of activations, what gradients of weights are: both operands lie by columns, and are many times as
// large as the product.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

#include "kernel/panels.h"

namespace hotshot::kernel {

/// How columns of x [depth, columns] lie as rows of a left operand: one after the other where the loops turn them, else
/// in panels of block_rows.
template <class T>
struct TurnedColumns {
  TurnedColumns(std::int64_t columns, std::int64_t elements, std::int64_t rows_of_block) : block_rows(rows_of_block) {
    constexpr std::int64_t kTile = 16;
    const bool turns = loops<T>().turn != nullptr;
    // An odd number of tiles: rows that lie a power of two apart would fall into one set of the caches.
    row = turns ? (blocks(elements, kTile) | 1) * kTile : 1;
    step = turns ? 1 : block_rows;
    block = block_rows * (turns ? row : elements);
    size = blocks(columns, block_rows) * block;
    unit_columns = turns ? kTile : block_rows;
  }

  /// Columns [first, last) of `unit_columns` each, of x [depth, columns]; memory is of `size` elements.
  void write(const T* x, std::int64_t stride, std::int64_t columns, std::int64_t depth, float* memory,
             std::int64_t first, std::int64_t last) const {
    if (!loops<T>().turn) {
      return loops<T>().pack({.x = x,
                              .stride = stride,
                              .columns = columns,
                              .depth = depth,
                              .panel_columns = block_rows,
                              .panel_elements = block,
                              .depth_is_row = true,
                              .panels = memory},
                             first, last);
    }
    loops<T>().turn({.x = x, .x_stride = stride, .columns = columns, .depth = depth, .stride = row, .rows = memory},
                    first * unit_columns, std::min(last * unit_columns, columns));
  }

  std::int64_t block_rows, block, row, step;  // of PanelProduct
  std::int64_t size, unit_columns;
};

/// The sums of leftᵀ · right, in blocks: the wider operand passes through memory once. A thread packs or turns a block
/// of its columns, half a megabyte of elements, and multiplies it with the other operand, which was prepared as a
/// whole, while it lies in the second cache.
template <class T>
class TransposedProduct {
 public:
  TransposedProduct(const at::Tensor& left, const at::Tensor& right)
      : left_(left), right_(right), turned_(0, 0, kBlockRows) {
    const std::int64_t chunks = blocks(depth(), kBlockDepth * step_), wide = std::max(rows(), columns());
    const std::int64_t most_pieces = std::min(blocks(kFewUnits, blocks(wide, kBlockWidth)), blocks(chunks, 2));
    chunks_of_piece_ = blocks(chunks, most_pieces);
    pieces_ = blocks(chunks, chunks_of_piece_);
    const std::int64_t cuts = std::max(blocks(wide, kBlockWidth), blocks(kFewUnits, pieces_));
    width_ = blocks(blocks(wide, cuts), kPanelColumns) * kPanelColumns;
    cuts_ = blocks(wide, width_);
    if (turns_wide()) {
      turned_ = TurnedColumns<T>(width_, std::min(kBlockDepth, blocks(depth(), step_)), std::min(width_, kBlockRows));
      narrow_ = packed<T>(right);
    } else {
      turn_left();
    }
  }

  at::Tensor operator()() {
    const at::Tensor sums = at::empty({pieces_, rows(), columns()}, at::kFloat);
    const std::int64_t operations_of_unit =
        2 * std::min(rows(), columns()) * width_ * std::min(chunks_of_piece_ * kBlockDepth * step_, depth());
    at::parallel_for(
        0, pieces_ * cuts_, blocks(kMultipliedAlone, operations_of_unit), [&](std::int64_t begin, std::int64_t end) {
          const at::Tensor scratch =
              at::empty({turns_wide() ? turned_.size : width_ / kPanelColumns * kScratchPanel}, at::kFloat);
          for (std::int64_t unit = begin; unit < end; ++unit) {
            float* const sum = data<float>(sums) + unit / cuts_ * rows() * columns();
            multiply(unit / cuts_, unit % cuts_ * width_, data<float>(scratch), sum);
          }
        });
    if (pieces_ == 1) return sums[0];
    const at::Tensor total = sums[0] + sums[1];  // a view would keep all pieces for as long as the gradient lives
    for (std::int64_t piece = 2; piece < pieces_; ++piece) total.add_(sums[piece]);
    return total;
  }

 private:
  // Of blocks of the wider operand, in values and elements; units of work at least; rows of a left operand that all
  // panels pass by.
  static constexpr std::int64_t kBlockWidth = 8 * kPanelColumns, kBlockDepth = 512, kFewUnits = 8,
                                kBlockRows = 2 * kPanelRows;
  // Panels that lie a power of two apart would fall into one set of the caches.
  static constexpr std::int64_t kScratchPanel = kPanelColumns * (kBlockDepth + 1);

  std::int64_t depth() const { return left_.size(0); }
  std::int64_t rows() const { return left_.size(1); }
  std::int64_t columns() const { return right_.size(1); }
  bool turns_wide() const { return rows() > columns(); }

  void turn_left() {
    turned_ = TurnedColumns<T>(rows(), blocks(depth(), step_), std::min(whole_panels(rows()), kBlockRows));
    if (!loops<T>().turn) {
      narrow_ = packed<T>({.x = data<T>(left_),
                           .stride = rows(),
                           .columns = rows(),
                           .depth = depth(),
                           .panel_columns = turned_.block_rows,
                           .depth_is_row = true});
      return;
    }
    narrow_ = at::empty({turned_.size}, at::kFloat);
    at::parallel_for(0, blocks(rows(), turned_.unit_columns), blocks(kPackedAlone, turned_.unit_columns * depth()),
                     [&](std::int64_t begin, std::int64_t end) {
                       turned_.write(data<T>(left_), rows(), rows(), depth(), data<float>(narrow_), begin, end);
                     });
  }

  // Adds up one piece of the depth of one block of the wider operand, from row or column `from` on.
  void multiply(std::int64_t piece, std::int64_t from, float* scratch, float* sum) const {
    const std::int64_t first = piece * chunks_of_piece_ * kBlockDepth;
    const std::int64_t last = std::min(first + chunks_of_piece_ * kBlockDepth, blocks(depth(), step_));
    PanelProduct<T> p{.left_block = turned_.block,
                      .left_row = turned_.row,
                      .left_depth = turned_.step,
                      .block_rows = turned_.block_rows,
                      .wide_row = columns(),
                      .rows = turns_wide() ? std::min(width_, rows() - from) : rows(),
                      .columns = turns_wide() ? columns() : std::min(width_, columns() - from)};
    p.wide = sum + (turns_wide() ? from * columns() : from);
    for (std::int64_t at = first; at < last; at += kBlockDepth) {
      p.depth = std::min(kBlockDepth * step_, depth() - at * step_);
      if (turns_wide()) {
        turned_.write(data<T>(left_) + at * step_ * rows() + from, rows(), p.rows, p.depth, scratch, 0,
                      blocks(p.rows, turned_.unit_columns));
        p.left = scratch;
        p.right = data<float>(narrow_) + at * kPanelColumns;
        p.right_panel = kPanelColumns * blocks(depth(), step_);
      } else {
        loops<T>().pack({.x = data<T>(right_) + at * step_ * columns() + from,
                         .stride = columns(),
                         .columns = p.columns,
                         .depth = p.depth,
                         .panel_elements = kScratchPanel,
                         .depth_is_row = true,
                         .panels = scratch},
                        0, blocks(p.columns, kPanelColumns));
        p.left = data<float>(narrow_) + at * turned_.step;
        p.right = scratch;
        p.right_panel = kScratchPanel;
      }
      p.begun = at > first ? p.wide : nullptr;
      loops<T>().multiply_panels(p, 0, blocks(p.rows, p.block_rows) * blocks(p.columns, kPanelColumns));
    }
  }

  const at::Tensor left_, right_;
  const std::int64_t step_ = loops<T>().element_depth;
  std::int64_t chunks_of_piece_, pieces_;
  std::int64_t width_, cuts_;  // of blocks of the wider operand
  TurnedColumns<T> turned_;    // of the left operand, or of a block of it
  at::Tensor narrow_;
};

/// leftᵀ · right, fp32 [rows, columns]; left [depth, rows], right [depth, columns], contiguous and of the loops' type
/// T. The depth of small products is cut in pieces, whose sums are added up in the end, so that there is work for
/// several threads. No value depends on their number.
template <class T>
at::Tensor transposed_product(const at::Tensor& left, const at::Tensor& right) {
  return TransposedProduct<T>(left, right)();
}

}  // namespace hotshot::kernel
