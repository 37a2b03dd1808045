// Group normalisation (Wu & He 2018, arXiv 1803.08494).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "nn/module.h"

namespace hotshot::nn {

/// Group norm of x_nchw with weight and bias per channel. Statistics are fp32 and taken over the channels of a group
/// and all pixels of `frames` consecutive pictures: one clip's, where n = clips · frames with the frames of a clip side
/// by side; by default each picture has its own. Returns x's dtype, channels-last.
class GroupNorm : public Module {
 public:
  /// `groups` must divide `channels`, else InvalidArgument.
  GroupNorm(std::int64_t groups, std::int64_t channels, double eps);

  at::Tensor operator()(const at::Tensor& x_nchw, std::int64_t frames = 1) const;
  /// SiLU of the norm, in one pass.
  at::Tensor then_silu(const at::Tensor& x_nchw, std::int64_t frames = 1) const;

 private:
  std::int64_t groups_;
  double eps_;
  Parameter& weight_;
  Parameter& bias_;
};

}  // namespace hotshot::nn
