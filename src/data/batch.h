// What training sees: clips as tensors, captions as token ids, and which shapes a run mixes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clip.h"
#include "base/options.h"
#include "text/t5_tokenizer.h"

namespace hotshot::data {

/// Frames [t, h, w, 3] uint8 of several clips of one shape → video_bcthw fp32 in [-1, 1] on `device`.
at::Tensor to_video(const std::vector<Frames>& clips, at::Device device = at::kCPU);

/// One clip of video_bcthw (fp32, [-1, 1], clamped) → frames. Rounds half to even, as the reference's pictures do.
Frames to_frames(const at::Tensor& video_bcthw, std::int64_t clip);

/// How white the pixels under each latent are, in [0, 1]: covers of several clips of one shape (world::render_cover) →
/// [n, 1, t, h, w], for an autoencoder whose first frame has a latent of its own and whose others share one by `time`.
/// Frames are 1 + k · time, sizes multiples of `space`.
at::Tensor latent_cover(const std::vector<Frames>& covers, int time, int space);

/// Token ids of a batch: ids_bl int64, padded with zeros, and the tokens each row really has.
struct TokenBatch {
  at::Tensor ids_bl;
  std::vector<std::int64_t> lengths;

  /// Rows [first, last), as wide as all.
  TokenBatch narrow(std::int64_t first, std::int64_t last) const;
};
TokenBatch tokenize(const text::T5Tokenizer& tokenizer, const std::vector<std::string>& prompts, int max_tokens);

/// One shape that a run trains on. Pictures are clips of one frame.
struct Bucket {
  int frames = 25;
  int height = 128;
  int width = 128;
  int batch = 8;
  double share = 1;    // of the steps, relative to the other buckets
  int clips = 1000;    // distinct clips; after the last, the first comes again
  int first_step = 0;  // steps before it never pick this bucket
  int window = 0;      // side of a square around the actors that is all the network sees of a clip, pixels; 0 = all
  FieldList fields();
};

/// The bucket of a step: depends on (seed, step) and the shares of the buckets that have begun. Throws InvalidArgument
/// where none has.
std::size_t pick_bucket(const std::vector<Bucket>& buckets, std::uint64_t seed, std::int64_t step);

}  // namespace hotshot::data
