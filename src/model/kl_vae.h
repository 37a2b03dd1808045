// The autoencoder of Stable Diffusion and SDXL (diffusers AutoencoderKL; Rombach et al. 2022, arXiv 2112.10752, section
// 3.1): pictures ↔ latents of an eighth of their size.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "model/posterior.h"
#include "nn/conv2d.h"
#include "nn/module.h"

namespace hotshot::model {

/// diffusers' config.json of AutoencoderKL, with its defaults.
struct KlVaeConfig {
  int in_channels = 3;
  int out_channels = 3;
  std::vector<std::string> down_block_types{"DownEncoderBlock2D"};
  std::vector<std::string> up_block_types{"UpDecoderBlock2D"};
  std::vector<int> block_out_channels{64};
  int layers_per_block = 1;
  std::string act_fn = "silu";
  int latent_channels = 4;
  int norm_num_groups = 32;
  int sample_size = 32;
  double scaling_factor = 0.18215;
  std::optional<double> shift_factor;
  std::vector<double> latents_mean;
  std::vector<double> latents_std;
  bool force_upcast = true;
  bool use_quant_conv = true;
  bool use_post_quant_conv = true;
  bool mid_block_add_attention = true;

  FieldList fields();
  /// Throws InvalidArgument where fields contradict each other or ask for blocks that are not here.
  void validate(std::string_view where) const;
  nlohmann::json to_json() const;

  /// Pixels per latent along a side.
  int scale_factor() const { return 1 << (block_out_channels.size() - 1); }
  /// Side of a tile in latents, a multiple of 4, that makes a picture of sample_size pixels at most.
  int tile_latents() const { return std::max(sample_size / scale_factor() / 4, 1) * 4; }
};

/// Computes in the dtype of its input, whatever that of its weights is. `force_upcast` is for the caller: where it is
/// true the original decoder overflows in fp16. bf16 has the range of fp32; a picture with values that are not finite
/// can be decoded again from latents in fp32.
class KlVae : public nn::Module {
 public:
  explicit KlVae(KlVaeConfig config);
  ~KlVae() override;

  const KlVaeConfig& config() const { return config_; }

  /// pictures_bchw in [-1, 1], sides multiples of scale_factor() → [b, latent_channels, h', w']. Differentiable.
  Posterior encode(const at::Tensor& pictures_bchw) const;
  /// The inverse; differentiable, not clamped.
  at::Tensor decode(const at::Tensor& latents_bchw) const;

  /// As encode and decode with less memory: one picture at a time, in overlapping tiles with sides of `tile` latents, a
  /// multiple of 4. Tiles see only themselves, so larger pictures differ slightly; one tile alone is the whole picture.
  Posterior encode_tiled(const at::Tensor& pictures_bchw, std::int64_t tile) const;
  at::Tensor decode_tiled(const at::Tensor& latents_bchw, std::int64_t tile) const;

  /// As encode and decode, one picture of the batch at a time.
  Posterior encode_sliced(const at::Tensor& pictures_bchw) const;
  at::Tensor decode_sliced(const at::Tensor& latents_bchw) const;

  /// Between the autoencoder's latents and those of unit variance that diffusion sees.
  at::Tensor normalize(const at::Tensor& latents_bchw) const;
  at::Tensor denormalize(const at::Tensor& latents_bchw) const;

 private:
  struct Encoder;
  struct Decoder;

  void check_pictures(const at::Tensor& pictures_bchw) const;
  void check_latents(const at::Tensor& latents_bchw) const;
  at::Tensor moments(const at::Tensor& pictures_bchw) const;
  at::Tensor pictures(const at::Tensor& latents_bchw) const;
  at::Tensor channel_values(const std::vector<double>& values, const at::Tensor& like) const;

  KlVaeConfig config_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
  std::optional<nn::Conv2d> quant_conv_, post_quant_conv_;
};

}  // namespace hotshot::model
