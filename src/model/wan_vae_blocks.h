// The building blocks of the Wan autoencoder: residual block, attention, resampling, shortcuts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/causal_conv3d.h"
#include "nn/conv2d.h"
#include "nn/layers.h"
#include "nn/module.h"

namespace hotshot::model {

/// Where in a streamed clip a block stands. Without a cache the clip is whole, and therefore `first`.
struct Stream {
  nn::StreamCache* cache = nullptr;
  bool first = true;
};

/// A block that maps x_bcthw → x_bcthw, whole or streamed.
class VaeBlock : public nn::Module {
 public:
  virtual at::Tensor forward(const at::Tensor& x_bcthw, const Stream& stream) const = 0;
};

/// gamma of a channel RMS norm; `rank` trailing axes of 1 follow the channels in the stored shape.
class ChannelNorm : public nn::Module {
 public:
  ChannelNorm(std::int64_t channels, int rank);
  at::Tensor operator()(const at::Tensor& x_bcthw, bool then_silu) const;

 private:
  nn::Parameter& gamma_;
};

class VaeResBlock : public VaeBlock {
 public:
  VaeResBlock(std::int64_t in, std::int64_t out);
  at::Tensor forward(const at::Tensor& x_bcthw, const Stream& stream) const override;

 private:
  ChannelNorm norm1_;
  nn::CausalConv3d conv1_;
  ChannelNorm norm2_;
  nn::CausalConv3d conv2_;
  std::optional<nn::CausalConv3d> conv_shortcut_;
};

/// Single-head self-attention within each frame.
class VaeAttention : public VaeBlock {
 public:
  explicit VaeAttention(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x_bcthw, const Stream& stream) const override;

 private:
  std::int64_t channels_;
  ChannelNorm norm_;
  nn::Conv2d to_qkv_;
  nn::Conv2d proj_;
};

/// Halves height and width, and time if asked (frame 0 stays alone: 4k+1 → 2k+1).
class VaeDownsample : public VaeBlock {
 public:
  VaeDownsample(std::int64_t channels, bool with_time);
  at::Tensor forward(const at::Tensor& x_bcthw, const Stream& stream) const override;

 private:
  nn::Conv2d conv_;
  nn::Group resample_;
  std::optional<nn::CausalConv3d> time_conv_;
};

/// Doubles height and width, and time if asked (frame 0 stays alone: k+1 → 2k+1).
class VaeUpsample : public VaeBlock {
 public:
  VaeUpsample(std::int64_t in, std::int64_t out, bool with_time);
  at::Tensor forward(const at::Tensor& x_bcthw, const Stream& stream) const override;

 private:
  nn::Conv2d conv_;
  nn::Group resample_;
  std::optional<nn::CausalConv3d> time_conv_;
};

/// res block · attention · res block.
class VaeMidBlock : public VaeBlock {
 public:
  explicit VaeMidBlock(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x_bcthw, const Stream& stream) const override;

 private:
  VaeResBlock before_;
  VaeAttention attention_;
  VaeResBlock after_;
  nn::Group attentions_;
  nn::Group resnets_;
};

/// Mean over groups of the values that a space-time reduction folds into channels (Wan 2.2's down shortcut).
at::Tensor average_down(const at::Tensor& x_bcthw, std::int64_t out, std::int64_t factor_t, std::int64_t factor_s);
/// Repeats channels and unfolds them into space and time (Wan 2.2's up shortcut); the first chunk of a clip loses the
/// factor_t - 1 frames before its first.
at::Tensor duplicate_up(const at::Tensor& x_bcthw, std::int64_t out, std::int64_t factor_t, std::int64_t factor_s,
                        bool first);

}  // namespace hotshot::model
