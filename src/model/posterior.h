// What an autoencoder says of the latents of a picture or a clip.
#pragma once

#include <ATen/core/Tensor.h>

namespace hotshot::model {

/// Mean and logarithm of the variance of q(latents | input), each of the latents' shape.
struct Posterior {
  at::Tensor mean;
  at::Tensor log_variance;

  /// Both from an encoder's output, channels second: means, then logarithms, which are clamped to [-30, 20].
  static Posterior from_moments(const at::Tensor& moments);
  /// mean + σ · noise, for standard normal noise of the same shape; differentiable.
  at::Tensor sample(const at::Tensor& noise) const;
};

}  // namespace hotshot::model
