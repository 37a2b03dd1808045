#include "kernel/rotary.h"

#include <ATen/ATen.h>

namespace hotshot::kernel {
namespace {

// [positions, size / 2] angles of one axis.
at::Tensor axis_angles(std::int64_t positions, std::int64_t size,
                       double theta) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor frequency = at::pow(theta, -at::arange(0, size, 2, options) /
                                                  static_cast<double>(size));
  return at::outer(at::arange(positions, options), frequency);
}

} // namespace

at::Tensor rotary_table(std::int64_t t, std::int64_t h, std::int64_t w,
                        std::int64_t head_size, double theta) {
  const std::int64_t space = 2 * (head_size / 6), time = head_size - 2 * space;
  const at::Tensor angle_t = axis_angles(t, time, theta)
                                 .view({t, 1, 1, time / 2})
                                 .expand({t, h, w, time / 2});
  const at::Tensor angle_h = axis_angles(h, space, theta)
                                 .view({1, h, 1, space / 2})
                                 .expand({t, h, w, space / 2});
  const at::Tensor angle_w = axis_angles(w, space, theta)
                                 .view({1, 1, w, space / 2})
                                 .expand({t, h, w, space / 2});
  const at::Tensor angle = at::cat({angle_t, angle_h, angle_w}, -1)
                               .reshape({t * h * w, head_size / 2});
  return at::complex(at::cos(angle), at::sin(angle)).to(at::kComplexFloat);
}

at::Tensor rotate(const at::Tensor &x_blhd, const at::Tensor &table) {
  const at::Tensor pairs =
      x_blhd.to(at::kFloat)
          .reshape({x_blhd.size(0), x_blhd.size(1), x_blhd.size(2), -1, 2});
  const at::Tensor turned =
      at::view_as_complex(pairs.contiguous()) * table.unsqueeze(1);
  return at::view_as_real(turned).flatten(3).to(x_blhd.scalar_type());
}

} // namespace hotshot::kernel
