#include "nn/convolution.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace hotshot::nn {

Init fan_in_init(std::int64_t fan_in) { return Init::normal(1.0 / std::sqrt(static_cast<double>(fan_in))); }

// at::convolution computes 1x1 filters in fp32 without oneDNN when there is one thread, and rounds differently then; to
// give the same bytes for every thread count, oneDNN is asked for by name.
at::Tensor convolve(const at::Tensor& x_any, const at::Tensor& weight_any, const at::Tensor& bias_any,
                    at::IntArrayRef stride, at::IntArrayRef padding) {
  const at::Tensor bias = bias_any.to(x_any.scalar_type());
  at::Tensor x = x_any, weight = weight_any.to(x.scalar_type());
  if (!x.is_cpu()) {  // what tensor cores read
    const auto format = x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
    x = x.contiguous(format), weight = weight.contiguous(format);
  }
  const std::vector<std::int64_t> dilation(stride.size(), 1), none(stride.size(), 0);
  const bool plain = !at::GradMode::is_enabled() && x.is_cpu() && x.scalar_type() == at::kFloat && at::hasMKLDNN();
  if (plain) return at::mkldnn_convolution(x, weight, bias, padding, stride, dilation, 1);
  return at::convolution(x, weight, bias, stride, padding, dilation, /*transposed=*/false, /*output_padding=*/none, 1);
}

}  // namespace hotshot::nn
