// The loops under the fused kernels: raw pointers, one thread, compiled once
// per instruction set. The functions that take tensors cut the work into pieces
// that do not depend on the number of threads and give each piece to a loop.
#pragma once

#include <cstdint>

namespace hotshot::kernel {

/// The bits of a bfloat16.
using Bf16 = std::uint16_t;

/// Scratch memory of a loop over rows of `size` values: `rows` rows of floats,
/// each padded for the widest vectors.
constexpr std::int64_t padded(std::int64_t size) { return (size + 15) / 16 * 16; }

/// Normalised rows y = (x − mean) · inverse · (scale + offset) + shift, then SiLU if asked; without
/// `centered`, mean is 0 (RMS norm).
template <class T>
struct NormRows {
  const T* x = nullptr;             // [rows, size]
  T* y = nullptr;                   // [rows, size]
  float* mean = nullptr;            // [rows], written where centered
  float* inverse = nullptr;         // [rows], written: 1 / √(variance + eps)
  const float* shift = nullptr;     // [groups, size] or null for 0
  const float* scale = nullptr;     // [groups, size]
  float offset = 0;                 // added to scale
  std::int64_t rows_per_group = 1;  // row r uses row r / rows_per_group of shift and scale
  std::int64_t size = 0;
  float eps = 0;
  bool centered = true;
  bool then_silu = false;
};

/// The backward pass of NormRows over rows of one group. Sums over the rows go
/// to shift_sum and scale_sum. A SiLU follows only where there was no shift.
template <class T>
struct NormRowsBackward {
  const T* x = nullptr;
  const T* grad_y = nullptr;
  T* grad_x = nullptr;
  const float* mean = nullptr;
  const float* inverse = nullptr;
  const float* scale = nullptr;
  float offset = 0;
  std::int64_t rows_per_group = 1;
  std::int64_t size = 0;
  bool centered = true;
  bool then_silu = false;
};

/// out = x + y · gate.
template <class T>
struct GatedRows {
  const T* x = nullptr;         // [rows, size]
  const T* y = nullptr;         // [rows, size]
  T* out = nullptr;             // [rows, size]
  const float* gate = nullptr;  // [groups, size]
  std::int64_t rows_per_group = 1;
  std::int64_t size = 0;
};

/// The backward pass of GatedRows for y and gate: grad_y = grad_out · gate.
template <class T>
struct GatedRowsBackward {
  const T* y = nullptr;
  const T* grad_out = nullptr;
  T* grad_y = nullptr;
  const float* gate = nullptr;
  std::int64_t rows_per_group = 1;
  std::int64_t size = 0;
};

/// Sums over rows of x − origin and of its square, per channel.
template <class T>
struct ChannelSums {
  const T* x = nullptr;           // [rows, channels]
  const float* origin = nullptr;  // [channels]
  float* sum = nullptr;           // [channels], overwritten
  float* square = nullptr;        // [channels], overwritten
  std::int64_t channels = 0;
};

/// y = (x − mean) · scale + shift per channel, then SiLU if asked.
template <class T>
struct ChannelAffine {
  const T* x = nullptr;          // [rows, channels]
  T* y = nullptr;                // [rows, channels]
  const float* mean = nullptr;   // [channels]
  const float* scale = nullptr;  // [channels]
  const float* shift = nullptr;  // [channels]
  std::int64_t channels = 0;
  bool then_silu = false;
};

/// The backward pass of a group norm (then SiLU if asked) over rows that share
/// their statistics; the statistics of groups repeated for each channel.
template <class T>
struct GroupNormBackward {
  const T* x = nullptr;       // [rows, channels]
  const T* grad_y = nullptr;  // [rows, channels]
  T* grad_x = nullptr;        // [rows, channels]
  const float* mean = nullptr;
  const float* inverse = nullptr;  // 1 / √(variance + eps)
  const float* weight = nullptr;
  const float* bias = nullptr;
  const float* mean_grad = nullptr;     // of grad_normal = grad before the SiLU · weight, over the group
  const float* mean_product = nullptr;  // of grad_normal · normal
  std::int64_t channels = 0;
  bool then_silu = false;
};

/// Turns the pairs of values of each head by the table's angles (or back, in
/// the backward pass).
template <class T>
struct RotateRows {
  const T* x = nullptr;          // [rows, heads, size], row r a token at position r mod tokens
  T* y = nullptr;                // as x
  const float* table = nullptr;  // [tokens, size / 2] pairs (cos, sin)
  std::int64_t tokens = 0;
  std::int64_t heads = 0;
  std::int64_t size = 0;  // of a head; even
  bool backward = false;
};

/// Blocks of a product of matrices: rows whose sums are held at once, columns of the right operand.
constexpr std::int64_t kPanelRows = 96;
constexpr std::int64_t kPanelColumns = 32;
constexpr std::int64_t kPanelDepth = 256;  // elements

/// Columns of all panels that `columns` need.
constexpr std::int64_t whole_panels(std::int64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
}

/// An operand of a product, cut into panels of columns (columns of the result for the right operand, rows of it for the
/// left one) that lie one after the other: [panels, depth, panel_columns]. An element is a float, or a pair of bf16
/// neighbours in depth; what pads the depth is 0, what pads the columns is 0 up to whole vectors and
/// unspecified beyond.
template <class T>
struct Packing {
  const T* x = nullptr;  // [columns, depth], or with depth_is_row [depth, columns]
  std::int64_t stride = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;
  std::int64_t panel_columns = kPanelColumns;  // whole vectors; for a left operand PanelProduct::block_rows
  std::int64_t panel_elements = 0;             // from one panel to the next: panel_columns times all of the depth
  bool depth_is_row = false;
  void* panels = nullptr;
};

/// A left operand that lies by columns, as rows: [columns, stride] elements. What pads the depth is 0 up to a whole tile
/// of 16 elements, and not written beyond.
template <class T>
struct Turning {
  const T* x = nullptr;       // [depth, columns]
  std::int64_t x_stride = 0;  // of its rows
  std::int64_t columns = 0;
  std::int64_t depth = 0;
  std::int64_t stride = 0;  // of the rows, in elements: whole tiles of 16
  void* rows = nullptr;
};

/// y = gate · activation(scale · left · right + bias) + added_scale · added; the activation is gelu (tanh
/// approximation) if asked.
template <class T>
struct PanelProduct {
  const void* left = nullptr;   // elements: row r of block b at left + b · left_block + r · left_row, its depths
  std::int64_t left_block = 0;  // left_depth apart
  std::int64_t left_row = 0;
  std::int64_t left_depth = 1;
  std::int64_t block_rows = kPanelRows;  // all panels pass by while they stay in the caches
  const void* right = nullptr;           // panels of kPanelColumns, right_panel elements from one to the next
  std::int64_t right_panel = 0;
  const float* begun = nullptr;  // [rows, columns] or null: sums over what comes before this depth
  const float* bias = nullptr;   // [columns] or null for 0
  T* y = nullptr;                // [rows, columns]; null where `wide` is given
  float* wide = nullptr;         // may be `begun`: left · right + bias alone, not rounded
  std::int64_t wide_row = 0;     // from one row of begun and wide to the next; 0 for columns
  float scale = 1;
  bool then_gelu = false;
  const T* added = nullptr;  // [rows, columns], may be y itself; null for 0
  float added_scale = 1;
  const float* gate = nullptr;     // [⌈rows / rows_per_gate⌉, columns], where something is added, or null for 1
  std::int64_t rows_per_gate = 1;  // row r takes row r / rows_per_gate of gate
  bool symmetric = false;  // of a square y, which is its own transpose: tiles below the diagonal are left out, and are
                           // to be mirrored
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;  // in values
};

/// Rows as bytes: x ≈ scale · (byte − 128), byte in [1, 255]; the scale of a row is its largest |x| / 127, or NaN where
/// a value is not finite.
template <class T>
struct QuantizeRows {
  const T* x = nullptr;           // [rows, size]
  std::uint8_t* bytes = nullptr;  // [rows, stride], written
  float* scale = nullptr;         // [rows], written
  std::int64_t size = 0;
  std::int64_t stride = 0;  // at least size
};

/// y = left_scale · (left − 128) · right · right_scale + bias, of bytes; exact until the scales. The depth is at most
/// kByteDepth, and so padded to elements of four bytes.
template <class T>
struct ByteProduct {
  const void* left = nullptr;                  // [rows, depth], without a sign
  const float* left_scale = nullptr;           // [rows]
  std::int64_t block_rows = kPanelRows;        // as above
  const void* right = nullptr;                 // panels of kPanelColumns, with a sign; what pads them is 0
  const float* right_scale = nullptr;          // [columns, padded to kPanelColumns]
  const std::int32_t* right_offset = nullptr;  // the same; 128 times the sum of a column
  const float* bias = nullptr;                 // [columns] or null for 0
  T* y = nullptr;                              // [rows, columns]
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t depth = 0;  // in values
};

/// So that sums of products of bytes stay below 2³¹.
constexpr std::int64_t kByteDepth = 1 << 16;

/// One head of attention. Strides, in values, lie between tokens; the values of
/// a head side by side.
template <class T>
struct AttentionHead {
  const T* q = nullptr;      // [queries, size]
  const T* k = nullptr;      // [keys, size]
  const T* v = nullptr;      // [keys, size]
  void* k_panels = nullptr;  // attention_panels(keys, size) each, written by pack_keys, read by attention
  void* v_panels = nullptr;
  T* out = nullptr;             // [queries, size], written forward, read backward
  float* log_sum = nullptr;     // [queries], log Σ e^score; written forward, read backward
  const float* bias = nullptr;  // [queries, keys] or null; -inf masks
  std::int64_t q_stride = 0;
  std::int64_t k_stride = 0;
  std::int64_t v_stride = 0;
  std::int64_t out_stride = 0;
  std::int64_t bias_query = 0;  // from one query's bias to the next, 0 when shared
  std::int64_t bias_key = 0;    // 0 or 1
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  std::int64_t size = 0;
  float scale = 1;
};

/// The backward pass of AttentionHead.
template <class T>
struct AttentionHeadBackward {
  AttentionHead<T> head;
  const T* grad_out = nullptr;
  T* grad_q = nullptr;
  T* grad_k = nullptr;
  T* grad_v = nullptr;
  std::int64_t grad_out_stride = 0;
  std::int64_t grad_q_stride = 0;
  std::int64_t grad_k_stride = 0;
  std::int64_t grad_v_stride = 0;
};

/// Blocks of attention: queries of a piece of work; queries and keys of a block of it; keys and queries of a block of
/// the backward pass. Rows of weights, of two or four bytes, are whole lines of the caches and fall into many of their
/// sets.
constexpr std::int64_t kAttentionQueries = 512;
constexpr std::int64_t kAttentionRows = 64;
constexpr std::int64_t kAttentionKeys = 256;
constexpr std::int64_t kAttentionPairs = 128;
constexpr std::int64_t kAttentionKeyStride = kAttentionKeys + 32;
constexpr std::int64_t kAttentionPairStride = kAttentionPairs + 32;

/// What the keys of a head need as an operand, or its values, in elements times element_depth.
constexpr std::int64_t attention_panels(std::int64_t keys, std::int64_t size) {
  return whole_panels(keys) * whole_panels(size);
}

/// Floats of scratch memory that the attention loops need.
constexpr std::int64_t attention_scratch(std::int64_t size) {
  const std::int64_t wide = padded(size);
  return kAttentionRows * (kAttentionKeyStride + kPanelColumns) + kAttentionQueries * (2 * wide + 17);
}
/// All queries four times as operands and their gradient; a block of keys three times as operands, and two gradients;
/// its weights, their gradients twice and two panels of products.
constexpr std::int64_t attention_backward_scratch(std::int64_t queries, std::int64_t size) {
  const std::int64_t wide = whole_panels(size), all = whole_panels(queries);
  return 5 * all * wide + 16 * wide + 2 * all + 5 * kAttentionPairStride * wide +
         kAttentionPairs * (3 * kAttentionPairStride + 2 * kPanelColumns);
}

/// In time, height and width.
struct Extent {
  std::int64_t frames = 1;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  constexpr std::int64_t volume() const { return frames * rows * columns; }
};

/// What the taps of a filter see of clips whose channels lie side by side, and how the output is cut into blocks.
template <class T>
struct Windows {
  const T* const* frames = nullptr;  // [clips, clip_frames], each [height, width, channels]; the first and last
                                     // of a clip may be null: zeros
  std::int64_t clips = 1;
  std::int64_t clip_frames = 0;  // at least (out.frames − 1) · stride.frames + kernel.frames
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::int64_t padded_channels = 0;  // of the filter; more than `channels` see zeros
  Extent kernel, stride;
  std::int64_t above = 0, before = 0;  // rows and columns of zeros around a frame, first ones; less than 0: left out
  Extent out, block;                   // of a clip, and of a unit of work at most

  constexpr std::int64_t taps() const { return kernel.volume(); }
  /// Whether the columns of a filter see channels side by side, and are one operand.
  constexpr bool merges() const { return stride.columns == 1; }
  /// Values of depth of one operand, and operands of a filter.
  constexpr std::int64_t part_depth() const { return padded_channels * (merges() ? kernel.columns : 1); }
  constexpr std::int64_t parts() const { return taps() / (merges() ? kernel.columns : 1); }
  constexpr Extent units() const {
    return {(out.frames + block.frames - 1) / block.frames, (out.rows + block.rows - 1) / block.rows,
            (out.columns + block.columns - 1) / block.columns};
  }
  /// Rows and columns that the windows of `block` see in one of the planes of a frame, one for each offset below the
  /// stride.
  constexpr std::int64_t plane_rows(std::int64_t rows) const { return rows + (kernel.rows - 1) / stride.rows; }
  constexpr std::int64_t plane_columns(std::int64_t columns) const {
    return columns + (kernel.columns - 1) / stride.columns;
  }
  constexpr std::int64_t planes() const { return stride.rows * stride.columns; }
  /// Pixels of all planes of a block, with those beyond that operands of whole tiles reach.
  constexpr std::int64_t block_pixels() const {
    return planes() * plane_rows(block.rows) * plane_columns(block.columns) + kernel.columns + 32;
  }
};

/// Operands of a convolution at most, or its frames, rows and columns.
constexpr std::int64_t kConvolutionParts = 256;

/// y = activation(filter · windows + bias) + added. The right operand has the depth [frames, rows, columns, padded
/// channels] of the filter.
template <class T>
struct Convolution {
  Windows<T> windows;
  const void* filter = nullptr;  // panels of kPanelColumns output channels
  std::int64_t filter_panel = 0;
  std::int64_t channels = 0;    // of the output
  const float* bias = nullptr;  // [channels] or null for 0
  const T* added = nullptr;     // as y, or null for 0
  bool then_silu = false;
  T* y = nullptr;  // [clips, frames, rows, columns, channels], whose strides, in values, are:
  std::int64_t y_clip = 0;
  std::int64_t y_frame = 0;
  std::int64_t y_row = 0;
  std::int64_t y_column = 0;
};

/// The gradient of the filter: the sum over the output of grad_y · windows.
template <class T>
struct ConvolutionWeightGradient {
  Windows<T> windows;
  std::int64_t channels = 0;  // of the output
  const T* grad_y = nullptr;  // [clips, frames, rows, columns, channels]
};

/// Floats of scratch memory that the convolution loops need.
template <class T>
constexpr std::int64_t convolution_scratch(const Windows<T>& w) {
  return padded(w.kernel.frames * w.block_pixels() * w.padded_channels);
}
template <class T>
constexpr std::int64_t convolution_weight_scratch(const Windows<T>& w, std::int64_t channels) {
  const std::int64_t pixels = w.block_pixels() + 64;
  return pixels * ((w.kernel.frames + 1) * whole_panels(w.padded_channels) + 2 * padded(channels));
}
/// Floats of the sums of a filter's gradient, [taps, channels, padded(padded_channels)].
template <class T>
constexpr std::int64_t convolution_weight_sums(const Windows<T>& w, std::int64_t channels) {
  return w.taps() * channels * padded(w.padded_channels);
}

/// The loops of one instruction set for activations of type T (float or Bf16).
template <class T>
struct Loops {
  /// y = gelu(x), tanh approximation. |error| ≤ 1e-6 · max(1, |x|) before
  /// rounding to T.
  void (*gelu)(const T* x, T* y, std::int64_t count);
  /// grad_x = grad_y · gelu'(x). |error| ≤ 2e-6 · |grad_y|.
  void (*gelu_backward)(const T* x, const T* grad_y, T* grad_x, std::int64_t count);

  /// y = value · gelu(gate) with the exact gelu x Φ(x), for rows x = (value,
  /// gate) of 2 · size values. |error| of gelu ≤ 1e-6 · max(1, |gate|).
  void (*geglu)(const T* x, T* y, std::int64_t rows, std::int64_t size);
  void (*geglu_backward)(const T* x, const T* grad_y, T* grad_x, std::int64_t rows, std::int64_t size);

  /// Multiplies and adds values that stay in registers, `rounds` times; returns how many operations that was, a
  /// multiplication and an addition each. T = Bf16: of bf16 pairs, where the processor has such products.
  double (*register_products)(std::int64_t rounds);

  /// Rows [first, last). scratch: padded(size) floats.
  void (*norm_rows)(const NormRows<T>&, std::int64_t first, std::int64_t last, float* scratch);
  /// Rows [first, last) of one group. scratch: 2 · padded(size) floats.
  /// shift_sum, scale_sum: padded(size) floats each, overwritten; shift_sum may
  /// be null.
  void (*norm_rows_backward)(const NormRowsBackward<T>&, std::int64_t first, std::int64_t last, float* scratch,
                             float* shift_sum, float* scale_sum);

  /// Rows [first, last).
  void (*gated_rows)(const GatedRows<T>&, std::int64_t first, std::int64_t last);
  /// Rows [first, last) of one group. gate_sum: padded(size) floats,
  /// overwritten.
  void (*gated_rows_backward)(const GatedRowsBackward<T>&, std::int64_t first, std::int64_t last, float* gate_sum);

  /// Rows [first, last).
  void (*channel_sums)(const ChannelSums<T>&, std::int64_t first, std::int64_t last);
  void (*channel_affine)(const ChannelAffine<T>&, std::int64_t first, std::int64_t last);
  /// Sums over rows [first, last) of the gradient before the SiLU, and of that
  /// · normal, per channel, overwritten.
  void (*group_norm_sums)(const GroupNormBackward<T>&, std::int64_t first, std::int64_t last, float* sum,
                          float* product);
  void (*group_norm_backward)(const GroupNormBackward<T>&, std::int64_t first, std::int64_t last);

  /// Rows [first, last). scratch: 2 · padded(size) floats.
  void (*rotate_rows)(const RotateRows<T>&, std::int64_t first, std::int64_t last, float* scratch);

  /// Values of depth in an element of a product's operand.
  int element_depth;
  /// Panels [first, last). Null (and multiply_panels) where products of T are not in the instruction set.
  void (*pack)(const Packing<T>&, std::int64_t first, std::int64_t last);
  /// Columns [first, last); first a multiple of 16. Null where left operands may lie by columns.
  void (*turn)(const Turning<T>&, std::int64_t first, std::int64_t last);
  /// y [size, size]: copies what lies above the diagonal below it, rows [first, last).
  void (*mirror)(T* y, std::int64_t size, std::int64_t first, std::int64_t last);
  /// Tiles [first, last) of ⌈rows / block_rows⌉ · ⌈columns / kPanelColumns⌉, those of the same rows one after the
  /// other. Every value is summed up in fp32, in an order that
  /// depends on the depth alone.
  void (*multiply_panels)(const PanelProduct<T>&, std::int64_t first, std::int64_t last);

  /// Units [first, last) of clips · units().volume(). scratch: convolution_scratch(windows) floats. Null, and
  /// convolve_weights, as `pack`. Every value is summed up in fp32, in an order that depends on the filter's size
  /// alone.
  void (*convolve)(const Convolution<T>&, std::int64_t first, std::int64_t last, float* scratch);
  /// Adds what units [first, last) give to sums, convolution_weight_sums floats. scratch: convolution_weight_scratch.
  void (*convolve_weights)(const ConvolutionWeightGradient<T>&, std::int64_t first, std::int64_t last, float* scratch,
                           float* sums);

  /// Rows [first, last).
  void (*quantize_rows)(const QuantizeRows<T>&, std::int64_t first, std::int64_t last);
  /// As multiply_panels. Slower than fp32 where the instruction set has no products of bytes.
  void (*multiply_bytes)(const ByteProduct<T>&, std::int64_t first, std::int64_t last);

  /// Keys [first, last) of a head, first a multiple of kAttentionKeys.
  void (*pack_keys)(const AttentionHead<T>&, std::int64_t first, std::int64_t last);
  /// Queries [first, last), at most kAttentionQueries, of a head whose keys are packed. scratch:
  /// attention_scratch(size) floats.
  void (*attention)(const AttentionHead<T>&, std::int64_t first, std::int64_t last, float* scratch);
  /// A whole head. scratch: attention_backward_scratch(queries, size) floats.
  void (*attention_backward)(const AttentionHeadBackward<T>&, float* scratch);
};

/// The loops of the instruction set in use. T is float or Bf16.
template <class T>
const Loops<T>& loops();

}  // namespace hotshot::kernel
