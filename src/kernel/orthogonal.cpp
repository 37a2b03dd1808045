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

at::Tensor by_the_library(at::Tensor x) {
  for (int step = 0; step < kSteps; ++step) {
    const at::Tensor a = at::mm(x, x.t());
    x = at::addmm(x, at::addmm(a, a, a, kCubic, kQuintic), x, kLinear);
  }
  return x;
}

}  // namespace

at::Tensor orthogonalized(const at::Tensor& matrix) {
  const at::NoGradGuard no_grad;
  const bool tall = matrix.size(0) > matrix.size(1);
  const at::Tensor wide = tall ? matrix.t() : matrix;
  const double norm = matrix.norm().item<double>();
  at::Tensor x = (wide / (norm * 1.01 + 1e-7)).to(at::kBFloat16).contiguous();
  const bool ours = multiplies(x) && whole_elements(x, x.size(0)) && whole_elements(x, x.size(1));
  x = ours ? by_own_products(std::move(x)) : by_the_library(std::move(x));
  return (tall ? x.t() : x).to(at::kFloat);
}

}  // namespace hotshot::kernel
