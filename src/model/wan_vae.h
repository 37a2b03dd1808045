// The causal space-time autoencoder of Wan 2.1 and 2.2 (diffusers AutoencoderKLWan; Wan Team 2025, arXiv 2503.20314,
// section 4.1). A clip of 4k + 1 frames becomes k + 1 latent frames; a picture (1 frame) becomes 1.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "model/posterior.h"
#include "nn/causal_conv3d.h"
#include "nn/module.h"

namespace hotshot::model {

/// diffusers' config.json of AutoencoderKLWan, with its spelling and its defaults.
struct WanVaeConfig {
  int base_dim = 96;
  std::optional<int> decoder_base_dim;
  int z_dim = 16;
  std::vector<int> dim_mult{1, 2, 4, 4};
  int num_res_blocks = 2;
  std::vector<double> attn_scales;
  std::vector<bool> temperal_downsample{false, true, true};
  double dropout = 0;
  std::vector<double> latents_mean;
  std::vector<double> latents_std;
  bool is_residual = false;
  int in_channels = 3;
  int out_channels = 3;
  std::optional<int> patch_size;
  int scale_factor_temporal = 4;
  int scale_factor_spatial = 8;

  FieldList fields();
  /// Throws InvalidArgument where fields contradict each other or the compression they imply.
  void validate(std::string_view where) const;
  nlohmann::json to_json() const;
};

/// Latent frames of height × width that are decoded at once: as many as make 2²³ values in the largest activation, for
/// small pieces leave threads without work, and one at least.
std::int64_t frames_at_once(const WanVaeConfig& config, std::int64_t height, std::int64_t width);

class WanVae : public nn::Module {
 public:
  /// Adopts the published latents_mean and latents_std of Wan 2.1 when config has none and 16 channels.
  explicit WanVae(WanVaeConfig config);
  ~WanVae() override;

  const WanVaeConfig& config() const { return config_; }

  /// video_bcthw [b, 3, 4k+1, h, w] in [-1, 1], h and w multiples of scale_factor_spatial → [b, z_dim, k+1, h', w'].
  /// In one pass, differentiable.
  Posterior encode(const at::Tensor& video_bcthw) const;
  /// The inverse, in one pass, differentiable; not clamped.
  at::Tensor decode(const at::Tensor& latents_bcthw) const;

  /// As encode(...).mean, streamed through time: memory does not grow with length. No gradients.
  at::Tensor encode_streamed(const at::Tensor& video_bcthw) const;
  /// As decode, streamed frames_at_once at a time, never more than most_at_once ≥ 1, and clamped to [-1, 1]; `sink`
  /// gets each piece [b, 3, t, h, w] in order. No gradients.
  void decode_streamed(const at::Tensor& latents_bcthw, const std::function<void(const at::Tensor&)>& sink,
                       std::int64_t most_at_once = 64) const;

  /// Between the autoencoder's latents and the unit-variance latents that diffusion sees.
  at::Tensor normalize(const at::Tensor& latents_bcthw) const;
  at::Tensor denormalize(const at::Tensor& latents_bcthw) const;
  /// Replaces latents_mean and latents_std (measured after training).
  void set_latent_statistics(std::vector<double> mean, std::vector<double> std);

 private:
  struct Encoder;
  struct Decoder;

  void check_video(const at::Tensor& video_bcthw) const;

  WanVaeConfig config_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
  nn::CausalConv3d quant_conv_;
  nn::CausalConv3d post_quant_conv_;
};

/// [b, c, t, h, w] → [b, c·p·p, t, h/p, w/p] as diffusers' patchify orders channels, and back.
at::Tensor patchify(const at::Tensor& video_bcthw, std::int64_t patch);
at::Tensor unpatchify(const at::Tensor& patches_bcthw, std::int64_t patch);

}  // namespace hotshot::model
