// The levels of Stable Diffusion's UNet: residual blocks, each followed by transformers where the level has them, then
// a change of size. Pictures are x_nchw, channels-last, n = clips · frames with the frames of a clip side by side.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "model/spatial_transformer.h"
#include "model/temporal_transformer.h"
#include "model/unet_config.h"
#include "nn/layers.h"
#include "nn/module.h"
#include "nn/resnet_block2d.h"

namespace hotshot::model {

/// What every block of a call sees.
struct BlockContext {
  at::Tensor time_be;       // the time embedding of each clip, after its SiLU
  at::Tensor text_bsd;      // the text of each clip
  std::int64_t frames = 1;  // pictures whose norms share statistics and over which temporal transformers attend
};

/// What the way down leaves for the way up, which takes it from the end.
using Skips = std::vector<at::Tensor>;

/// The layers of one size.
class UnetLevel : public nn::Module {
 protected:
  /// `block`: its place in the lists of config.
  UnetLevel(const UnetEncoderConfig& config, std::size_t block);

  /// Appends a residual block from `in` channels to those of the level, a transformer if `attends` and one over frames
  /// if `temporal`.
  void add_layer(std::int64_t in, bool attends, bool temporal);

  struct Layer {
    explicit Layer(const nn::ResnetBlock2dOptions& options) : resnet(options) {}
    at::Tensor operator()(const at::Tensor& x_nchw, const BlockContext& context) const;

    nn::ResnetBlock2d resnet;
    std::optional<SpatialTransformer> attention;
    std::optional<TemporalTransformer> temporal;  // left out for a single frame
  };
  std::deque<Layer> layers_;

 private:
  nn::ResnetBlock2dOptions resnet_;
  SpatialTransformerOptions attention_;
  nn::Group resnets_, attentions_, temporal_attentions_;
};

class DownBlock : public UnetLevel {
 public:
  DownBlock(const UnetEncoderConfig& config, std::size_t block);
  /// Appends the result of every layer, and of the change of size, to skips.
  at::Tensor operator()(at::Tensor x_nchw, const BlockContext& context, Skips& skips) const;

 private:
  std::optional<nn::Downsample2d> downsampler_;
  nn::Group downsamplers_;
};

/// Residual block · transformer · residual block, or a single residual block for UNetMidBlock2D.
class MidBlock : public UnetLevel {
 public:
  explicit MidBlock(const UnetEncoderConfig& config);
  at::Tensor operator()(at::Tensor x_nchw, const BlockContext& context) const;
};

class UpBlock : public UnetLevel {
 public:
  /// `block`: its place on the way down; `type`: its entry in up_block_types.
  UpBlock(const UnetEncoderConfig& config, std::size_t block, std::string_view type);
  /// Takes a skip for every layer, then grows to the size of the next.
  at::Tensor operator()(at::Tensor x_nchw, const BlockContext& context, Skips& skips) const;

 private:
  std::optional<nn::Upsample2d> upsampler_;
  nn::Group upsamplers_;
};

}  // namespace hotshot::model
