#include "nn/low_rank.h"

#include <ATen/ATen.h>

#include <cmath>

#include "kernel/linear.h"

namespace hotshot::nn {

LowRank::LowRank(std::int64_t in, std::int64_t out, std::int64_t rank, double scale)
    : down_(add_parameter("lora_down.weight", {rank, in}, Init::normal(1.0 / std::sqrt(static_cast<double>(in))))),
      up_(add_parameter("lora_up.weight", {out, rank}, Init::zeros())),
      scale_(scale) {}

at::Tensor LowRank::operator()(const at::Tensor& x) const {
  return kernel::linear(kernel::linear(x, down_.tensor, {}), up_.tensor, {}) * scale_;
}

}  // namespace hotshot::nn
