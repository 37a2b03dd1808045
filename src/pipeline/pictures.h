// Latents ↔ frames with an autoencoder of pictures, one frame at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include "base/clip.h"
#include "base/progress.h"
#include "model/kl_vae.h"

namespace hotshot::pipeline {

struct DecodedPictures {
  Frames frames;
  bool retried = false;  // a frame was not finite in the first type, and was decoded again in fp32
  bool black = false;    // no pixel of any frame is brighter than 1 of 255
};

/// Normalised latents_nchw, one per frame, decoded in `dtype`; in tiles with `low_memory`. Tells `progress` (may be
/// null) of every frame. Throws std::runtime_error where a frame is not finite in fp32 either.
DecodedPictures decode_pictures(const model::KlVae& vae, const at::Tensor& latents_nchw, at::ScalarType dtype,
                                bool low_memory, Progress* progress);

/// video_bcthw [1, 3, t, h, w] in [-1, 1] → normalised latents [1, c, t, h', w'], fp32, on the autoencoder's device:
/// the means of the posterior.
at::Tensor encode_pictures(const model::KlVae& vae, const at::Tensor& video_bcthw, at::ScalarType dtype,
                           bool low_memory);

}  // namespace hotshot::pipeline
