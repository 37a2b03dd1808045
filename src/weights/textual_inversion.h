// Textual inversion: new words, as the token embeddings of one or two CLIP text encoders (Gal et al. 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

namespace hotshot::weights {

struct TextualInversion {
  std::string token;     // what to write in a prompt, without spaces: the file's suggestion, else its name
  at::Tensor clip_l_nd;  // n vectors for CLIP ViT-L, [n, 768]; undefined where there are none
  at::Tensor clip_g_nd;  // n vectors for OpenCLIP bigG, [n, 1280]; undefined where there are none

  /// n: how many tokens the word stands for.
  std::int64_t vectors() const { return clip_l_nd.defined() ? clip_l_nd.size(0) : clip_g_nd.size(0); }
};

/// Reads {"emb_params"}, {"clip_l", "clip_g"} or {"<the token>"}: fp32 copies of 1 to 75 finite vectors. Throws
/// InvalidArgument for anything else, such as vectors of SD 2's width.
TextualInversion read_textual_inversion(const std::filesystem::path& path);

}  // namespace hotshot::weights
