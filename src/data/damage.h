// What happens to clips on their way: blur, noise, codecs, small pictures enlarged, other exposure. For networks that
// must read clips which were not rendered a moment ago.
#pragma once

#include <ATen/core/Tensor.h>

#include "base/random.h"

namespace hotshot::data {

/// How often each kind of damage is done to a clip, and how much of it at most.
struct Damage {
  float share = 0.4f;      // chance of each kind
  float blur = 1.2f;       // pixels, standard deviation of the Gaussian
  float noise = 0.1f;      // standard deviation, values in [-1, 1]
  float blocks = 0.25f;    // step of the coefficients of 8×8 blocks (cosine transform, as JPEG and H.264 lose detail)
  float shrink = 2.0f;     // factor of size, enlarged again
  float exposure = 0.15f;  // of gain and offset
};

/// clip_cthw fp32 in [-1, 1], height and width multiples of 8, with some of each, drawn from `random`; clamped.
at::Tensor damaged(const at::Tensor& clip_cthw, const Damage& damage, Random random);

/// Coefficients of 8×8 blocks rounded to multiples of `step`, which grows towards high frequencies up to five times.
at::Tensor quantize_blocks(const at::Tensor& x_cthw, double step);

/// Gaussian blur of every frame, edges repeated.
at::Tensor blur(const at::Tensor& x_cthw, double deviation);

}  // namespace hotshot::data
