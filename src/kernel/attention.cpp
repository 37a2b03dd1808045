#include "kernel/attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernel/composition.h"
#include "kernel/fused.h"
#include "kernel/panels.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Aligned memory whose values are unspecified.
at::Tensor scratch_of(std::int64_t count) { return at::empty({count}, at::kFloat); }

// x with values of a head side by side.
at::Tensor by_head(const at::Tensor& x_blhd) { return x_blhd.stride(-1) == 1 ? x_blhd : x_blhd.contiguous(); }

// Where head `index` (of batch · heads) of x_blhd begins.
template <class T>
T* head_of(const at::Tensor& x_blhd, std::int64_t index) {
  const std::int64_t heads = x_blhd.size(2);
  return data<T>(x_blhd) + index / heads * x_blhd.stride(0) + index % heads * x_blhd.stride(2);
}

// The tensors of one call; bias_bhqk is expanded, or empty.
struct Call {
  at::Tensor q_blhd, k_bshd, v_bshd, bias_bhqk, out_blhd, log_sum_bhl;
  double scale = 1;

  std::int64_t heads() const { return q_blhd.size(0) * q_blhd.size(2); }

  template <class T>
  AttentionHead<T> head(std::int64_t index) const {
    const std::int64_t queries = q_blhd.size(1), heads = q_blhd.size(2);
    const bool biased = bias_bhqk.numel() > 0;
    return {.q = head_of<T>(q_blhd, index),
            .k = head_of<T>(k_bshd, index),
            .v = head_of<T>(v_bshd, index),
            .out = head_of<T>(out_blhd, index),
            .log_sum = data<float>(log_sum_bhl) + index * queries,
            .bias = biased ? data<float>(bias_bhqk) + index / heads * bias_bhqk.stride(0) +
                                 index % heads * bias_bhqk.stride(1)
                           : nullptr,
            .q_stride = q_blhd.stride(1),
            .k_stride = k_bshd.stride(1),
            .v_stride = v_bshd.stride(1),
            .out_stride = out_blhd.stride(1),
            .bias_query = biased ? bias_bhqk.stride(2) : 0,
            .bias_key = biased ? bias_bhqk.stride(3) : 0,
            .queries = queries,
            .keys = k_bshd.size(1),
            .size = q_blhd.size(3),
            .scale = static_cast<float>(scale)};
  }
};

template <class T>
void attend(const Call& call) {
  const std::int64_t queries = call.q_blhd.size(1), keys = call.k_bshd.size(1), size = call.q_blhd.size(3);
  const std::int64_t panels = attention_panels(keys, size) / loops<T>().element_depth;
  const at::Tensor packed = at::empty({2, call.heads(), panels}, at::kFloat);
  const auto head_at = [&](std::int64_t index) {
    AttentionHead<T> head = call.head<T>(index);
    head.k_panels = data<float>(packed) + index * panels;
    head.v_panels = data<float>(packed) + (call.heads() + index) * panels;
    return head;
  };
  const std::int64_t blocks_of_head = blocks(keys, kAttentionKeys), pieces = blocks(queries, kAttentionQueries);
  at::parallel_for(0, call.heads() * blocks_of_head, blocks(kPackedAlone, 2 * std::min(keys, kAttentionKeys) * size),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t block = begin; block < end; ++block) {
                       const std::int64_t first = block % blocks_of_head * kAttentionKeys;
                       loops<T>().pack_keys(head_at(block / blocks_of_head), first,
                                            std::min(first + kAttentionKeys, keys));
                     }
                   });
  at::parallel_for(0, call.heads() * pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::Tensor scratch = scratch_of(attention_scratch(size));
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const std::int64_t first = piece % pieces * kAttentionQueries;
      loops<T>().attention(head_at(piece / pieces), first, std::min(first + kAttentionQueries, queries),
                           data<float>(scratch));
    }
  });
}

template <class T>
void attend_backward(const Call& call, const at::Tensor& grad_out, const at::Tensor& grad_q, const at::Tensor& grad_k,
                     const at::Tensor& grad_v) {
  at::parallel_for(0, call.heads(), 1, [&](std::int64_t begin, std::int64_t end) {
    const at::Tensor scratch = scratch_of(attention_backward_scratch(call.q_blhd.size(1), call.q_blhd.size(3)));
    for (std::int64_t index = begin; index < end; ++index) {
      loops<T>().attention_backward({.head = call.head<T>(index),
                                     .grad_out = head_of<T>(grad_out, index),
                                     .grad_q = head_of<T>(grad_q, index),
                                     .grad_k = head_of<T>(grad_k, index),
                                     .grad_v = head_of<T>(grad_v, index),
                                     .grad_out_stride = grad_out.stride(1),
                                     .grad_q_stride = grad_q.stride(1),
                                     .grad_k_stride = grad_k.stride(1),
                                     .grad_v_stride = grad_v.stride(1)},
                                    data<float>(scratch));
    }
  });
}

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q_blhd, const at::Tensor& k_bshd,
                            const at::Tensor& v_bshd, const at::Tensor& bias_bhqk, double scale) {
    Call call{by_head(q_blhd), by_head(k_bshd), by_head(v_bshd), bias_bhqk, {}, {}, scale};
    call.out_blhd = at::empty(q_blhd.sizes(), q_blhd.options());
    call.log_sum_bhl = at::empty({q_blhd.size(0), q_blhd.size(2), q_blhd.size(1)}, at::kFloat);
    const Recorded recorded("hotshot::attention", {q_blhd, k_bshd, v_bshd, call.out_blhd});
    with_type(q_blhd, [&](auto type) { attend<decltype(type)>(call); });
    context->save_for_backward({call.q_blhd, call.k_bshd, call.v_bshd, bias_bhqk, call.out_blhd, call.log_sum_bhl});
    context->saved_data["scale"] = scale;
    return call.out_blhd;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Call call{
        saved[0], saved[1], saved[2], saved[3], saved[4], saved[5], context->saved_data["scale"].toDouble()};
    const at::Tensor grad_out = by_head(gradients[0].to(call.q_blhd.scalar_type()));
    const auto like = [](const at::Tensor& x) { return at::empty(x.sizes(), x.options()); };
    const at::Tensor grad_q = like(call.q_blhd), grad_k = like(call.k_bshd), grad_v = like(call.v_bshd);
    const Recorded recorded("hotshot::attention_backward",
                            {call.q_blhd, call.k_bshd, call.v_bshd, call.out_blhd, grad_out, grad_q, grad_k, grad_v});
    with_type(grad_q, [&](auto type) { attend_backward<decltype(type)>(call, grad_out, grad_q, grad_k, grad_v); });
    return {grad_q, grad_k, grad_v, at::Tensor(), at::Tensor()};
  }
};

// A view [batch, heads, queries, keys] of the bias whose keys are side by side or shared; empty for none.
at::Tensor expanded(const at::Tensor& bias, const at::Tensor& q_blhd, const at::Tensor& k_bshd) {
  if (!bias.defined()) return at::empty({0}, at::kFloat);
  const bool spread = bias.dim() > 0 && bias.size(-1) > 1 && bias.stride(-1) > 1;
  return (spread ? bias.contiguous() : bias).expand({q_blhd.size(0), q_blhd.size(2), q_blhd.size(1), k_bshd.size(1)});
}

bool fusable_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias) {
  const auto dtype = q.scalar_type();
  return fusable(q) && fusable(k) && k.scalar_type() == dtype && v.scalar_type() == dtype && v.size(-1) == q.size(-1) &&
         !(bias.defined() &&
           (bias.scalar_type() != at::kFloat || (at::GradMode::is_enabled() && bias.requires_grad())));
}

}  // namespace

at::Tensor attention(const at::Tensor& q_blhd, const at::Tensor& k_bshd, const at::Tensor& v_bshd, double scale,
                     const at::Tensor& bias) {
  if (!fusable_attention(q_blhd, k_bshd, v_bshd, bias)) {
    return composition::attention(q_blhd, k_bshd, v_bshd, scale, bias);
  }
  return FusedAttention::apply(q_blhd, k_bshd, v_bshd, expanded(bias, q_blhd, k_bshd), scale);
}

}  // namespace hotshot::kernel
