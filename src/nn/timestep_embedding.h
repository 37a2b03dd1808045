// Numbers as sinusoids (Vaswani et al. 2017, section 3.5), the way diffusion networks are told their time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hotshot::nn {

struct TimestepEmbeddingOptions {
  std::int64_t size = 0;      // even
  bool cosines_first = true;  // else sines come first
  double shift = 0;           // frequencies 10000^(-j / (size/2 - shift)), j = 0 … size/2 - 1
};

/// x [...] → cosines and sines of x · frequency: [..., size], fp32 (diffusers get_timestep_embedding).
at::Tensor timestep_embedding(const at::Tensor& x, const TimestepEmbeddingOptions& options);

}  // namespace hotshot::nn
