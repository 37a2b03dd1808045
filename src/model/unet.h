// The denoising UNet of Stable Diffusion 1.5 and SDXL (Rombach et al. 2022, arXiv 2112.10752; Podell et al. 2023, arXiv
// 2307.01952; diffusers UNet2DConditionModel) and of Hotshot-XL (UNet3DConditionModel), which adds transformers over
// frames and shares the statistics of residual blocks among the frames of a clip. Which of them is a matter of config.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <vector>

#include "model/unet_encoder.h"
#include "nn/group_norm.h"

namespace hotshot::model {

/// What ControlNets add to the UNet: to each skip of the way down and to the middle, all [b · f, c, h, w].
struct ControlResiduals {
  Skips skips_nchw;
  at::Tensor middle_nchw;

  /// Adds those of another ControlNet of the same shape.
  void add(const ControlResiduals& other);
};

class Unet : public UnetEncoder {
 public:
  explicit Unet(UnetConfig config);

  const UnetConfig& config() const { return config_; }

  /// The prediction (of noise, velocity or whatever the network was trained on) for latents_bcfhw [b, in_channels, f,
  /// h, w] at timestep_b [b], 0 to 1000; f = 1 for pictures. Any h and w of at least 1; a network of pictures takes
  /// frames as pictures of their own, one of clips at most kTemporalPositions of them. Computes in the dtype of
  /// latents_bcfhw; returns [b, out_channels, f, h, w] in it. Throws InvalidArgument for shapes that do not fit.
  at::Tensor operator()(const at::Tensor& latents_bcfhw, const at::Tensor& timestep_b, const UnetContext& context,
                        const ControlResiduals* control = nullptr) const;

  /// The parameters of the transformers over frames, without their fixed tables: what Hotshot-XL trained.
  std::vector<nn::NamedParameter> temporal_parameters();

 private:
  UnetConfig config_;
  std::deque<UpBlock> up_blocks_;
  nn::Group up_list_;
  nn::GroupNorm conv_norm_out_;
  nn::Conv2d conv_out_;
};

}  // namespace hotshot::model
