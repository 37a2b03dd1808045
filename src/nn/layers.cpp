#include "nn/layers.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/error.h"
#include "kernel/activation.h"
#include "kernel/linear.h"
#include "kernel/norm.h"
#include "nn/low_rank.h"

namespace hotshot::nn {
namespace {

Init linear_init(const LinearOptions& options) {
  if (options.weight_init.kind != Init::Kind::normal || options.weight_init.std >= 0) return options.weight_init;
  return Init::normal(1.0 / std::sqrt(static_cast<double>(options.in)));
}

}  // namespace

Linear::Linear(const LinearOptions& options)
    : weight_(add_parameter("weight", {options.out, options.in}, linear_init(options), options.keep_fp32)),
      bias_(options.bias ? &add_parameter("bias", {options.out}, Init::zeros(), options.keep_fp32) : nullptr) {
  weight_.hidden = options.hidden;
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  const at::Tensor y = bytes_    ? kernel::linear(x, *bytes_, bias())
                       : packed_ ? kernel::linear(x, *packed_, bias())
                                 : kernel::linear(x, weight_.tensor, bias());
  return weight_.low_rank ? y + (*weight_.low_rank)(x) : y;
}

at::Tensor Linear::then_gelu(const at::Tensor& x) const {
  if (!fuses()) return kernel::gelu_tanh((*this)(x));
  return kernel::linear(x, *packed_, bias(), {.activation = kernel::Activation::gelu_tanh, .residual = {}});
}

at::Tensor Linear::operator()(const at::Tensor& x, const kernel::Residual& to) const {
  ensure(to.x.defined() && to.x.scalar_type() == x.scalar_type() && to.x.dim() == x.dim() &&
             to.x.sizes().slice(0, to.x.dim() - 1) == x.sizes().slice(0, x.dim() - 1),
         "linear", "expected a residual for {} values of one type but got {}", x.numel(),
         to.x.defined() ? to.x.numel() : 0);
  if (fuses()) return kernel::linear(x, *packed_, bias(), {.activation = kernel::Activation::none, .residual = to});
  const at::Tensor y = (*this)(x);
  return to.gate.defined() ? kernel::gated_residual(to.x, y, to.gate) : to.x + y;
}

void Linear::quantize() {
  if (!weight_.hidden || weight_.keep_fp32 || bytes_ || packed_) return;
  bytes_ = kernel::quantized(weight_.tensor);
  weight_.tensor = at::empty({0}, weight_.tensor.options());
}

void Linear::pack() {
  if (!weight_.hidden || weight_.keep_fp32 || bytes_ || packed_) return;
  packed_ = kernel::pack_weight(weight_.tensor);
  if (packed_) weight_.tensor = at::empty({0}, weight_.tensor.options());
}

RmsNorm::RmsNorm(std::int64_t size, double eps)
    : weight_(add_parameter("weight", {size}, Init::ones(), /*keep_fp32=*/true)), eps_(eps) {}

at::Tensor RmsNorm::operator()(const at::Tensor& x) const { return kernel::rms_norm(x, weight_.tensor, eps_); }

LayerNorm::LayerNorm(std::int64_t size, double eps)
    : weight_(add_parameter("weight", {size}, Init::ones(), /*keep_fp32=*/true)),
      bias_(add_parameter("bias", {size}, Init::zeros(), /*keep_fp32=*/true)),
      eps_(eps) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return kernel::layer_norm(x, weight_.tensor, bias_.tensor, eps_);
}

Embedding::Embedding(std::int64_t count, std::int64_t size, Init init)
    : weight_(add_parameter("weight", {count, size}, init)) {}

at::Tensor Embedding::operator()(const at::Tensor& ids) const { return at::embedding(weight_.tensor, ids); }

std::int64_t Embedding::count() const { return weight_.tensor.size(0); }

void Embedding::append(const at::Tensor& rows) {
  const at::NoGradGuard no_grad;
  const bool trained = weight_.tensor.requires_grad();
  weight_.tensor = at::cat({weight_.tensor, rows.to(weight_.tensor.options())}).detach().set_requires_grad(trained);
}

PatchEmbedding::PatchEmbedding(std::int64_t in, std::int64_t out, std::array<std::int64_t, 3> p)
    : patch_(p),
      weight_(add_parameter("weight", {out, in, p[0], p[1], p[2]},
                            Init::normal(1.0 / std::sqrt(static_cast<double>(in * p[0] * p[1] * p[2]))))),
      bias_(add_parameter("bias", {out}, Init::zeros())) {}

at::Tensor PatchEmbedding::operator()(const at::Tensor& x) const {
  const std::int64_t b = x.size(0), c = x.size(1);
  const std::int64_t t = x.size(2) / patch_[0], h = x.size(3) / patch_[1], w = x.size(4) / patch_[2];
  const at::Tensor patches = x.reshape({b, c, t, patch_[0], h, patch_[1], w, patch_[2]})
                                 .permute({0, 2, 4, 6, 1, 3, 5, 7})
                                 .reshape({b, t * h * w, c * patch_[0] * patch_[1] * patch_[2]});
  return kernel::linear(patches, weight_.tensor.flatten(1), bias_.tensor);
}

Group& Group::with(std::string name, Module& child) {
  add_child(std::move(name), child);
  return *this;
}

}  // namespace hotshot::nn
