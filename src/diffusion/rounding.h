// Arithmetic whose last bit matters, because a timestep is cut or rounded to a whole number afterwards. The results are
// those of NumPy. Internal to diffusion.
#pragma once

#include <vector>

namespace hotshot::diffusion {

/// A product that no compiler may fuse with a following sum.
template <class Real>
Real product(Real a, Real b) {
  const volatile Real rounded = a * b;
  return rounded;
}

/// The double nearest to `value` that fp32 holds.
inline double round_to_float(double value) { return static_cast<double>(static_cast<float>(value)); }

/// `count` values from `first`, the last of them at `last`; one value is `first`.
inline std::vector<double> linspace(double first, double last, int count) {
  std::vector<double> values(count, first);
  const double step = count > 1 ? (last - first) / (count - 1) : 0.0;
  for (int i = 0; i < count; ++i) values[i] = product<double>(i, step) + first;
  if (count > 1) values.back() = last;
  return values;
}

}  // namespace hotshot::diffusion
