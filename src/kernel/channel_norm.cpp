// channel_rms_norm of kernel/norm.h.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "kernel/composition.h"
#include "kernel/fused.h"
#include "kernel/recorded.h"
#include "kernel/norm.h"

namespace hotshot::kernel {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// x [n, channels, pixels…] as pictures cut into tiles of pixels.
struct Tiling {
  explicit Tiling(const at::Tensor& x)
      : channels(x.size(1)),
        pixels(x.numel() / (x.size(0) * channels)),
        per_picture((pixels + kChannelTile - 1) / kChannelTile),
        tiles(x.size(0) * per_picture) {}

  std::int64_t picture(std::int64_t tile) const { return tile / per_picture; }
  std::int64_t first(std::int64_t tile) const { return tile % per_picture * kChannelTile; }
  std::int64_t last(std::int64_t tile) const { return std::min(first(tile) + kChannelTile, pixels); }
  std::int64_t start(std::int64_t tile) const { return picture(tile) * channels * pixels; }

  std::int64_t channels, pixels, per_picture, tiles;
};

template <class T>
void norm_tiles(const at::Tensor& x, const at::Tensor& weight, bool then_silu, const at::Tensor& y,
                const at::Tensor& inverse) {
  const Tiling tiling(x);
  at::parallel_for(0, tiling.tiles, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      loops<T>().channel_norm({.x = data<T>(x) + tiling.start(tile),
                               .y = data<T>(y) + tiling.start(tile),
                               .inverse = data<float>(inverse) + tiling.picture(tile) * tiling.pixels,
                               .weight = data<float>(weight),
                               .channels = tiling.channels,
                               .pixels = tiling.pixels,
                               .then_silu = then_silu},
                              tiling.first(tile), tiling.last(tile));
    }
  });
}

// Returns the gradient of weight: tiles are added in order, whatever thread
// made them.
template <class T>
at::Tensor norm_tiles_backward(const at::Tensor& x, const at::Tensor& grad_y, const at::Tensor& weight,
                               const at::Tensor& inverse, bool then_silu, const at::Tensor& grad_x) {
  const Tiling tiling(x);
  const at::Tensor parts = at::empty({tiling.tiles, tiling.channels}, at::kFloat);
  at::parallel_for(0, tiling.tiles, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scratch(tiling.channels * kChannelTile);
    for (std::int64_t tile = begin; tile < end; ++tile) {
      loops<T>().channel_norm_backward({.x = data<T>(x) + tiling.start(tile),
                                        .grad_y = data<T>(grad_y) + tiling.start(tile),
                                        .grad_x = data<T>(grad_x) + tiling.start(tile),
                                        .inverse = data<float>(inverse) + tiling.picture(tile) * tiling.pixels,
                                        .weight = data<float>(weight),
                                        .channels = tiling.channels,
                                        .pixels = tiling.pixels,
                                        .then_silu = then_silu},
                                       tiling.first(tile), tiling.last(tile), scratch.data(),
                                       data<float>(parts) + tile * tiling.channels);
    }
  });
  const at::Tensor grad_weight = at::zeros({tiling.channels}, at::kFloat);
  float* const sum = data<float>(grad_weight);
  for (std::int64_t tile = 0; tile < tiling.tiles; ++tile) {
    const float* part = data<float>(parts) + tile * tiling.channels;
    for (std::int64_t c = 0; c < tiling.channels; ++c) sum[c] += part[c];
  }
  return grad_weight;
}

// weight: fp32 [channels], √channels included.
struct ChannelRmsNorm : torch::autograd::Function<ChannelRmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x_any, const at::Tensor& weight,
                            bool then_silu) {
    const at::Tensor x = x_any.contiguous(), y = at::empty_like(x);
    const at::Tensor inverse = at::empty({x.numel() / x.size(1)}, at::kFloat);
    const Recorded recorded("hotshot::channel_rms_norm", {x, y});
    with_type(x, [&](auto type) { norm_tiles<decltype(type)>(x, weight, then_silu, y, inverse); });
    context->save_for_backward({x, weight, inverse});
    context->saved_data["then_silu"] = then_silu;
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &inverse = saved[2];
    const bool then_silu = context->saved_data["then_silu"].toBool();
    const at::Tensor grad_y = gradients[0].to(x.scalar_type()).contiguous(), grad_x = at::empty_like(x);
    at::Tensor grad_weight;
    const Recorded recorded("hotshot::channel_rms_norm_backward", {x, grad_y, grad_x});
    with_type(x, [&](auto type) {
      grad_weight = norm_tiles_backward<decltype(type)>(x, grad_y, weight, inverse, then_silu, grad_x);
    });
    return {grad_x, grad_weight, at::Tensor()};
  }
};

}  // namespace

at::Tensor channel_rms_norm(const at::Tensor& x_bcthw, const at::Tensor& gamma, bool then_silu) {
  if (!fusable(x_bcthw) || gamma.scalar_type() == at::kDouble) {
    return composition::channel_rms_norm(x_bcthw, gamma, then_silu);
  }
  const at::Tensor weight = gamma.to(at::kFloat).reshape({-1}) * std::sqrt(static_cast<double>(x_bcthw.size(1)));
  return ChannelRmsNorm::apply(x_bcthw, weight, then_silu);
}

}  // namespace hotshot::kernel
