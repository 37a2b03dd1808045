// Attention and feed-forward layers as diffusers names them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::nn {

struct AttentionOptions {
  std::int64_t width = 0;          // of the queries and of the result
  std::int64_t context_width = 0;  // of what is attended to; 0 for width
  std::int64_t heads = 0;
  std::int64_t head_size = 0;
  bool bias = false;  // of queries, keys and values
};

/// softmax(q kᵀ / √head_size) v by heads, then a linear layer: to_q, to_k, to_v, to_out.0 (diffusers Attention).
class Attention : public Module {
 public:
  explicit Attention(const AttentionOptions& options);

  /// Queries from x_bld, keys and values from context_bsd (x_bld itself for self-attention); added to residual_bld:
  /// [b, l, width].
  at::Tensor operator()(const at::Tensor& x_bld, const at::Tensor& context_bsd, const at::Tensor& residual_bld) const;

 private:
  std::int64_t heads_, head_size_;
  Linear to_q_, to_k_, to_v_, to_out_;
  Group out_;
};

/// Linear to 8 · width, GEGLU (Shazeer 2020, arXiv 2002.05202), linear from 4 · width: net.0.proj, net.2 (diffusers
/// FeedForward).
class GegluFeedForward : public Module {
 public:
  explicit GegluFeedForward(std::int64_t width);
  /// Added to residual_bld.
  at::Tensor operator()(const at::Tensor& x_bld, const at::Tensor& residual_bld) const;

 private:
  Linear in_, out_;
  Group net_, net0_;
};

}  // namespace hotshot::nn
