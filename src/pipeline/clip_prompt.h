// Prompts for Stable Diffusion's networks: one or two CLIP towers, long prompts, emphasis, words that were learned.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string_view>
#include <vector>

#include "model/clip_text.h"
#include "text/clip_tokenizer.h"
#include "text/prompt_chunks.h"
#include "weights/textual_inversion.h"

namespace hotshot::pipeline {

/// A tower with the tokenizer that feeds it.
struct ClipTower {
  text::ClipTokenizer tokenizer;
  std::unique_ptr<model::ClipTextModel> network;
};

/// The text of each tower; a single tower reads the first.
struct TowerTexts {
  std::string_view first, second;
  bool empty() const { return first.empty() && second.empty(); }
};

/// What the UNet sees of one prompt.
struct ClipPrompt {
  at::Tensor text_sd;   // [77 per chunk, the towers' widths together]
  at::Tensor pooled_d;  // of a tower with a projection; undefined without
};

/// The towers of a model, in order. One tower (SD 1.5) gives its last states after the final norm; two (SDXL) give
/// those before the last layer without it, side by side, and the projected end of the second's text (Podell et al.
/// 2023, section 2.1).
class ClipEncoder {
 public:
  explicit ClipEncoder(std::vector<ClipTower> towers) : towers_(std::move(towers)) {}

  /// Adds a learned word to every tower that it has vectors for. Throws InvalidArgument when its name is taken or no
  /// tower has that width.
  void learn(const weights::TextualInversion& word);

  /// Chunks that a prompt takes, the most of all towers.
  int chunks(const TowerTexts& prompt) const;

  /// Encodes in fp32. `skipped`: layers left out at the end beyond what the model leaves out anyway ("clip skip" 2 of
  /// SD 1.5 is 1 here).
  ClipPrompt operator()(const TowerTexts& prompt, int min_chunks, int skipped) const;

  /// A prompt of zeros, which SDXL takes for no prompt.
  ClipPrompt zeros(int chunks) const;

 private:
  std::vector<text::PromptChunk> chunked(std::size_t tower, const TowerTexts& prompt, int min_chunks) const;

  std::vector<ClipTower> towers_;
};

}  // namespace hotshot::pipeline
