#include "kernel/orthogonal.h"

#include <ATen/ATen.h>

#include <utility>

#include "kernel/panels.h"
#include "kernel/recorded.h"

namespace hotshot::kernel {
namespace {

constexpr int kSteps = 5;
constexpr double kLinear = 3.4445, kCubic = -4.7750, kQuintic = 2.0315;

// X Xᵀ of X [m, n], scaled, plus added_scale · added: half of it is computed, the rest mirrored.
at::Tensor gram(const at::Tensor& x, double scale = 1, const at::Tensor& added = {}, double added_scale = 0) {
  const std::int64_t size = x.size(0);
  const at::Tensor y = at::empty({size, size}, x.options()), right = packed_transposed<Bf16>(x);
  PanelProduct<Bf16> product = product_of_rows<Bf16>(x, right, size);
  product.y = data<Bf16>(y);
  product.scale = static_cast<float>(scale);
  product.added = added.defined() ? data<Bf16>(added) : nullptr;
  product.added_scale = static_cast<float>(added_scale);
  product.symmetric = true;
  multiply(product);
  loops<Bf16>().mirror(data<Bf16>(y), size, 0, size);
  return y;
}

// kLinear · x + b x.
at::Tensor next(const at::Tensor& x, const at::Tensor& b) {
  const at::Tensor y = at::empty(x.sizes(), x.options()), right = packed<Bf16>(x);
  PanelProduct<Bf16> product = product_of_rows<Bf16>(b, right, x.size(1));
  product.y = data<Bf16>(y);
  product.added = data<Bf16>(x);
  product.added_scale = static_cast<float>(kLinear);
  multiply(product);
  return y;
}

at::Tensor by_own_products(at::Tensor x) {
  const Recorded recorded("hotshot::orthogonalized", {x});
  for (int step = 0; step < kSteps; ++step) {
    const at::Tensor a = gram(x);
    x = next(x, gram(a, kQuintic, a, kCubic));  // a is its own transpose
  }
  return x;
}

at::Tensor by_the_library(at::Tensor x_kmn) {
  for (int step = 0; step < kSteps; ++step) {
    const at::Tensor a = at::bmm(x_kmn, x_kmn.transpose(1, 2));
    x_kmn = at::baddbmm(x_kmn, at::baddbmm(a, a, a, kCubic, kQuintic), x_kmn, kLinear);
  }
  return x_kmn;
}

at::Tensor of_unit_norm(const at::Tensor& x) {
  const at::Tensor norm = at::linalg_vector_norm(x, 2, at::IntArrayRef{-2, -1}, /*keepdim=*/true);
  return (x / (norm * 1.01 + 1e-7)).to(at::kBFloat16).contiguous();
}

}  // namespace

at::Tensor orthogonalized(const at::Tensor& matrices) {
  const at::NoGradGuard no_grad;
  const bool tall = matrices.size(-2) > matrices.size(-1);
  at::Tensor x = of_unit_norm(tall ? matrices.transpose(-1, -2) : matrices);
  const bool one = x.dim() == 2;
  const bool ours = one && multiplies(x) && whole_elements(x, x.size(0)) && whole_elements(x, x.size(1));
  if (ours) {
    x = by_own_products(std::move(x));
  } else {
    x = by_the_library(one ? x.unsqueeze(0) : x).view(x.sizes());
  }
  return (tall ? x.transpose(-1, -2) : x).to(at::kFloat);
}

}  // namespace hotshot::kernel
