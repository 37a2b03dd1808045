// Attention of kernel/composition.h: blocks of queries by libtorch's products; on a GPU libtorch 2's own.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include <algorithm>
#include <optional>

#include "kernel/composition.h"

namespace hotshot::kernel::composition {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Scores of one block of queries, over all heads and clips: bounded so that
// they stay near the caches.
constexpr std::int64_t kMaxScores = 4 << 20;

std::int64_t queries_per_block(std::int64_t batch_heads, std::int64_t queries, std::int64_t keys) {
  return std::clamp<std::int64_t>(kMaxScores / std::max<std::int64_t>(1, batch_heads * keys), 16, queries);
}

// Autograd functions want defined tensors: no bias is an empty one. The part of
// a broadcastable bias that belongs to queries [first, first + count).
at::Tensor bias_block(const at::Tensor& bias, std::int64_t first, std::int64_t count) {
  if (bias.numel() == 0 || bias.size(-2) == 1) return bias;
  return bias.narrow(-2, first, count);
}

// fp32 scores [b, h, count, keys] of a block of queries.
at::Tensor block_scores(const at::Tensor& q_bhld, const at::Tensor& kt_bhds, const at::Tensor& bias, double scale) {
  at::Tensor scores = at::matmul(q_bhld, kt_bhds).to(at::kFloat).mul_(scale);
  return bias.numel() > 0 ? scores.add_(bias) : scores;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q_bhld, const at::Tensor& k_bhsd,
                            const at::Tensor& v_bhsd, const at::Tensor& bias, double scale) {
    const std::int64_t queries = q_bhld.size(2), keys = k_bhsd.size(2);
    const std::int64_t step = queries_per_block(q_bhld.size(0) * q_bhld.size(1), queries, keys);
    const at::Tensor kt_bhds = k_bhsd.transpose(-1, -2);
    at::Tensor out = at::empty_like(q_bhld);
    at::Tensor log_sum = at::empty({q_bhld.size(0), q_bhld.size(1), queries, 1}, q_bhld.options().dtype(at::kFloat));
    for (std::int64_t first = 0; first < queries; first += step) {
      const std::int64_t count = std::min(step, queries - first);
      const at::Tensor scores =
          block_scores(q_bhld.narrow(2, first, count), kt_bhds, bias_block(bias, first, count), scale);
      log_sum.narrow(2, first, count).copy_(at::logsumexp(scores, -1, /*keepdim=*/true));
      const at::Tensor weights = at::softmax(scores, -1).to(v_bhsd.scalar_type());
      out.narrow(2, first, count).copy_(at::matmul(weights, v_bhsd));
    }
    context->save_for_backward({q_bhld, k_bhsd, v_bhsd, bias, out, log_sum});
    context->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &bias = saved[3], &out = saved[4];
    const double scale = context->saved_data["scale"].toDouble();
    const at::Tensor grad_out = gradients[0].to(q.scalar_type()).contiguous();
    const std::int64_t queries = q.size(2);
    const std::int64_t step = queries_per_block(q.size(0) * q.size(1), queries, k.size(2));
    const at::Tensor kt = k.transpose(-1, -2), vt = v.transpose(-1, -2);
    at::Tensor grad_q = at::empty_like(q), grad_bias;
    at::Tensor grad_k = at::zeros(k.sizes(), k.options().dtype(at::kFloat));
    at::Tensor grad_v = at::zeros(v.sizes(), v.options().dtype(at::kFloat));
    if (bias.numel() > 0 && bias.requires_grad()) grad_bias = at::zeros_like(bias);
    for (std::int64_t first = 0; first < queries; first += step) {
      const std::int64_t count = std::min(step, queries - first);
      const at::Tensor q_block = q.narrow(2, first, count), grad_block = grad_out.narrow(2, first, count);
      const at::Tensor scores = block_scores(q_block, kt, bias_block(bias, first, count), scale);
      const at::Tensor weights = scores.sub(saved[5].narrow(2, first, count)).exp_();
      grad_v += at::matmul(weights.to(v.scalar_type()).transpose(-1, -2), grad_block);
      const at::Tensor delta = grad_block.to(at::kFloat).mul(out.narrow(2, first, count)).sum(-1, /*keepdim=*/true);
      const at::Tensor grad_scores = at::matmul(grad_block, vt).to(at::kFloat).sub_(delta).mul_(weights);
      if (grad_bias.defined()) {
        at::Tensor target = bias_block(grad_bias, first, count);
        target.add_(at::sum_to(grad_scores, target.sizes()));
      }
      const at::Tensor grad_products = grad_scores.mul(scale).to(q.scalar_type());
      grad_q.narrow(2, first, count).copy_(at::matmul(grad_products, k));
      grad_k += at::matmul(grad_products.transpose(-1, -2), q_block);
    }
    return {grad_q, grad_k.to(k.scalar_type()), grad_v.to(v.scalar_type()), grad_bias, at::Tensor()};
  }
};

}  // namespace

at::Tensor attention(const at::Tensor& q_blhd, const at::Tensor& k_bshd, const at::Tensor& v_bshd, double scale,
                     const at::Tensor& bias) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 5)
  if (!q_blhd.is_cpu()) {
    std::optional<at::Tensor> mask;
    if (bias.defined()) mask = bias.to(q_blhd.scalar_type());
    return at::scaled_dot_product_attention(q_blhd.transpose(1, 2), k_bshd.transpose(1, 2), v_bshd.transpose(1, 2),
                                            mask, /*dropout_p=*/0, /*is_causal=*/false, scale)
        .transpose(1, 2);
  }
#endif
  return Attention::apply(q_blhd.transpose(1, 2).contiguous(), k_bshd.transpose(1, 2).contiguous(),
                          v_bshd.transpose(1, 2).contiguous(),
                          bias.defined() ? bias : at::empty({0}, q_blhd.options().dtype(at::kFloat)), scale)
      .transpose(1, 2);
}

}  // namespace hotshot::kernel::composition
