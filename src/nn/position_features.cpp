#include "nn/position_features.h"

#include <ATen/ATen.h>

#include <numbers>

namespace hotshot::nn {
namespace {

constexpr double kFrames = 8;

}  // namespace

at::Tensor position_features(std::int64_t t, std::int64_t h, std::int64_t w, std::int64_t waves) {
  const auto axis = [&](std::int64_t places, double period, at::IntArrayRef shape) {
    return ((at::arange(places, at::kFloat) + 0.5) / period).view(shape).expand({t, h, w});
  };
  const at::Tensor time = axis(t, kFrames, {t, 1, 1});
  const at::Tensor row = axis(h, static_cast<double>(h), {1, h, 1});
  const at::Tensor column = axis(w, static_cast<double>(w), {1, 1, w});
  const at::Tensor u_thwd =
      at::stack({time, row, column, time + column, time - column, time + row, time - row}, /*dim=*/3);
  const at::Tensor angle_thwdk = u_thwd.unsqueeze(4) * (at::arange(1, waves + 1, at::kFloat) * std::numbers::pi);
  return at::cat({at::cos(angle_thwdk), at::sin(angle_thwdk)}, 4).reshape({t * h * w, -1});
}

}  // namespace hotshot::nn
