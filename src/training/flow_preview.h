// A diffusion transformer asked with guidance, and clips that show what it can do so far.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "model/wan_transformer.h"
#include "training/caption_encoder.h"
#include "training/clip_latents.h"
#include "training/model_files.h"

namespace hotshot::training {

/// The velocity of latents [b, …] at time_b [b], guided (diffusion::guide), fp32. `text` holds the contexts of b
/// prompts, then those of b empty ones; with guidance 1 it holds the prompts' alone.
at::Tensor guided_velocity(const model::WanTransformer& transformer, const at::Tensor& latents,
                           const at::Tensor& time_b, const model::TextContext& text, double guidance,
                           at::ScalarType dtype);

/// One clip for each prompt.
std::vector<Clip> preview_clips(const std::vector<std::string>& prompts, const FlowSampling& sampling,
                                const model::WanTransformer& transformer, const CaptionEncoder& captions,
                                const ClipLatents& clips, at::ScalarType dtype, at::Device device);

}  // namespace hotshot::training
