// The three networks of a clip, one after the other: text → embeddings, noise → latents, latents → frames.
// Axes: b batch, l token, d feature, c channel, t frame, h height, w width.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clip.h"
#include "base/progress.h"
#include "diffusion/sampler.h"
#include "diffusion/schedule.h"
#include "model/umt5.h"
#include "model/wan_transformer.h"
#include "model/wan_vae.h"
#include "text/t5_tokenizer.h"

namespace hotshot::pipeline {

/// Wan's transformers see every text as so many tokens, and no longer one.
inline constexpr int kTextTokens = 512;

/// One prompt as the transformer gets it.
struct EncodedText {
  std::vector<int> ids;      // with </s>, without padding
  at::Tensor embeddings_ld;  // fp32, one row per id
};

/// Tokenizes (cutting after kTextTokens) and encodes a cleaned prompt.
EncodedText encode_text(const text::T5Tokenizer& tokenizer, const model::Umt5Encoder& encoder, std::string_view prompt);

/// How a denoiser is asked.
struct GuidedText {
  EncodedText prompt = {};
  EncodedText negative = {};  // used when guidance > 1
  double guidance = 1;
  double rescale = 0;  // see diffusion::guide
};

/// The velocity function of one prompt: runs `transformer` in `dtype` on both texts at once and guides (Ho & Salimans
/// 2022). `transformer` must outlive it.
class TextDenoiser {
 public:
  TextDenoiser(const model::WanTransformer& transformer, const GuidedText& text, at::Device device,
               at::ScalarType dtype);

  /// The guided velocity of latents_bcthw [1, …], fp32. The first `known` latent frames are without noise: the
  /// network is told so, and theirs is 0.
  at::Tensor operator()(const at::Tensor& latents_bcthw, double timestep, std::int64_t known = 0) const;
  /// The predictions before guidance: [prompt, negative], or [prompt] alone without guidance.
  at::Tensor predictions(const at::Tensor& latents_bcthw, double timestep, std::int64_t known = 0) const;

 private:
  const model::WanTransformer& transformer_;
  model::TextContext context_;
  double guidance_, rescale_;
  at::ScalarType dtype_;
};

/// noise_bcthw [1, …] of a clip, fp32 on the CPU: depends on seed and shape alone.
at::Tensor initial_noise(std::uint64_t seed, const std::vector<std::int64_t>& shape);

/// Decodes normalised latents_bcthw [1, …] in `dtype` into frames 0 … frames - 1 (at most those the latents hold).
/// Reports each latent frame to `progress` (may be null). `sink`, if any, sees every
/// piece [1, 3, n, h, w] in [-1, 1] before it becomes bytes.
Frames decode_latents(const model::WanVae& vae, const at::Tensor& latents_bcthw, int frames, at::ScalarType dtype,
                      Progress* progress = nullptr, const std::function<void(const at::Tensor&)>& sink = {});

}  // namespace hotshot::pipeline
