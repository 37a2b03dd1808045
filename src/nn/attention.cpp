#include "nn/attention.h"

#include <ATen/ATen.h>

#include <cmath>

#include "kernel/activation.h"
#include "kernel/attention.h"

namespace hotshot::nn {
namespace {

LinearOptions projection(const AttentionOptions& o, std::int64_t in) {
  return {.in = in, .out = o.heads * o.head_size, .bias = o.bias};
}

std::int64_t context_width(const AttentionOptions& o) { return o.context_width > 0 ? o.context_width : o.width; }

}  // namespace

Attention::Attention(const AttentionOptions& o)
    : heads_(o.heads),
      head_size_(o.head_size),
      to_q_(projection(o, o.width)),
      to_k_(projection(o, context_width(o))),
      to_v_(projection(o, context_width(o))),
      to_out_({.in = o.heads * o.head_size, .out = o.width}) {
  add_child("to_q", to_q_);
  add_child("to_k", to_k_);
  add_child("to_v", to_v_);
  add_child("to_out", out_.with("0", to_out_));
}

at::Tensor Attention::operator()(const at::Tensor& x_bld, const at::Tensor& context_bsd,
                                 const at::Tensor& residual_bld) const {
  const auto split_heads = [&](const at::Tensor& y) { return y.unflatten(-1, {heads_, head_size_}); };
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_size_));
  const at::Tensor mixed_blhd = kernel::attention(split_heads(to_q_(x_bld)), split_heads(to_k_(context_bsd)),
                                                  split_heads(to_v_(context_bsd)), scale);
  return to_out_(mixed_blhd.flatten(2), {residual_bld, {}});
}

GegluFeedForward::GegluFeedForward(std::int64_t width)
    : in_({.in = width, .out = 8 * width}), out_({.in = 4 * width, .out = width}) {
  add_child("net", net_.with("0", net0_.with("proj", in_)).with("2", out_));
}

at::Tensor GegluFeedForward::operator()(const at::Tensor& x_bld, const at::Tensor& residual_bld) const {
  return out_(kernel::geglu(in_(x_bld)), {residual_bld, {}});
}

}  // namespace hotshot::nn
