// ControlNet (Zhang, Rao & Agrawala 2023, arXiv 2302.05543; diffusers ControlNetModel): a copy of the UNet's way down
// that also sees a control picture, and tells the UNet what to add to its features.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>

#include "model/unet.h"
#include "model/unet_encoder.h"

namespace hotshot::model {

/// How strong the residuals of a call are: `scale` for all, or, for `decaying` ones, scale times 0.1 for the first to 1
/// for the middle, in equal ratios, so that the text weighs more in fine detail (diffusers' guess mode).
struct ControlStrength {
  double scale = 1;
  bool decaying = false;
};

/// The control picture at the size of the latents: convolutions, every second halving the size.
class ControlEmbedding : public nn::Module {
 public:
  explicit ControlEmbedding(const ControlNetConfig& config);
  at::Tensor operator()(const at::Tensor& control_nchw) const;

 private:
  nn::Conv2d conv_in_;
  std::deque<nn::Conv2d> blocks_;
  nn::Group block_list_;
  nn::Conv2d conv_out_;
};

class ControlNet : public UnetEncoder {
 public:
  explicit ControlNet(ControlNetConfig config);

  const ControlNetConfig& config() const { return config_; }
  /// Pixels of the control picture per latent: 8 as published.
  std::int64_t pixels_per_latent() const;

  /// Residuals for a UNet of the same shape at the same latents, time and context. control_bcfhw: RGB in [0, 1], with
  /// the height and width of the latents times pixels_per_latent(). Frames are pictures of their own. Throws
  /// InvalidArgument for shapes that do not fit.
  ControlResiduals operator()(const at::Tensor& latents_bcfhw, const at::Tensor& timestep_b, const UnetContext& context,
                              const at::Tensor& control_bcfhw, const ControlStrength& strength = {}) const;

 private:
  ControlNetConfig config_;
  ControlEmbedding controlnet_cond_embedding_;
  std::deque<nn::Conv2d> zero_convolutions_;
  nn::Group down_list_;
  nn::Conv2d controlnet_mid_block_;
};

}  // namespace hotshot::model
