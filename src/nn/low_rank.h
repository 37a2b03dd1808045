// A change of a matrix as the product of two thin ones (LoRA; Hu et al. 2021, section 4.1).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/module.h"

namespace hotshot::nn {

/// scale · up · down, which a Linear adds to the product with its weight while Parameter::low_rank points here; the
/// weight itself is not touched. Starts at zero.
class LowRank : public Module {
 public:
  LowRank(std::int64_t in, std::int64_t out, std::int64_t rank, double scale);
  /// [..., in] → [..., out]
  at::Tensor operator()(const at::Tensor& x) const;

  const at::Tensor& down() const { return down_.tensor; }  // [rank, in]
  const at::Tensor& up() const { return up_.tensor; }      // [out, rank]

 private:
  Parameter& down_;
  Parameter& up_;
  double scale_;
};

}  // namespace hotshot::nn
