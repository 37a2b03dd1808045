// 3-D convolution that looks only at the past, whole or streamed through time in chunks with equal results.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <map>

#include "nn/module.h"

namespace hotshot::nn {

/// What streaming remembers between chunks: for each layer, by its address, the last frames it saw. One per clip being
/// streamed; start each clip with a fresh one. Not for use with gradients.
class StreamCache {
 public:
  /// The frames remembered for `layer`; undefined before its first chunk.
  at::Tensor& operator[](const void* layer) { return frames_[layer]; }

 private:
  std::map<const void*, at::Tensor> frames_;
};

struct CausalConv3dOptions {
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::array<std::int64_t, 3> kernel{3, 3, 3};  // time, height, width; odd in space, padded to keep the size
  std::int64_t time_stride = 1;
  bool pad_time = true;  // kernel_t - 1 zero frames before the clip
  Init bias_init = Init::normal(0.1);
  bool hidden = true;  // see Parameter::hidden
};

/// Frame t of the output depends on input frames ≤ t · time_stride (+ kernel − 1 when time is not padded) only.
/// x_bcthw → [b, out, t', h, w]. Weight [out, in, kt, kh, kw] and bias.
class CausalConv3d : public Module {
 public:
  explicit CausalConv3d(const CausalConv3dOptions& options);

  /// With a cache, x_bcthw is the next chunk and the padding frames come from the chunks before it. `added`, as the
  /// result, is added to it unless undefined.
  at::Tensor operator()(const at::Tensor& x_bcthw, StreamCache* cache = nullptr, const at::Tensor& added = {}) const;

 private:
  CausalConv3dOptions options_;
  Parameter& weight_;
  Parameter& bias_;
};

}  // namespace hotshot::nn
