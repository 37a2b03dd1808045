// Names and shapes of the parameters of the published image networks, as diffusers and transformers call them. They
// say what a file must hold before any network is built.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weights/safetensors.h"

namespace hotshot::weights {

using Shape = std::vector<std::int64_t>;
/// Parameters by name.
using Layout = std::map<std::string, Shape, std::less<>>;

/// UNet2DConditionModel of SD 1.5, SD 2 and SDXL: two residual blocks per level.
struct UnetShape {
  std::int64_t in_channels = 4;
  std::int64_t out_channels = 4;
  Shape channels = {};             // per level, finest first
  std::vector<int> depth = {};     // transformer blocks per level; 0: no attention there
  int mid_depth = 1;               // transformer blocks of the middle
  std::vector<int> heads = {};     // attention heads per level
  std::int64_t text_width = 768;   // features of a text token
  std::int64_t added_width = 0;    // features of pooled text and sizes; 0: there are none
  bool linear_projection = false;  // proj_in and proj_out are linear, not 1×1 convolutions
};

/// AutoencoderKL: two residual blocks per level, attention in the middle.
struct VaeShape {
  std::int64_t latent_channels = 4;
  Shape channels = {};  // per level, finest first
};

/// CLIPTextModel; with a projection, CLIPTextModelWithProjection.
struct ClipShape {
  std::int64_t vocabulary = 49408;
  std::int64_t positions = 77;
  std::int64_t width = 768;
  int heads = 12;
  int layers = 12;
  std::int64_t projection = 0;      // features of the pooled text; 0: no projection
  std::string activation = "gelu";  // of the feed-forward layers
};

Layout unet_layout(const UnetShape& shape);
/// The ControlNet of a UNet: its encoder, a zero convolution per skip, and the picture's embedding.
Layout controlnet_layout(const UnetShape& shape);
Layout vae_layout(const VaeShape& shape);
Layout clip_layout(const ClipShape& shape);
/// Hotshot-XL's temporal transformers, as many as fit a UNet of these channels: (2 + 3) · 28 tensors per level.
Layout temporal_layout(const Shape& channels);

/// What a file or a part holds.
Layout layout_of(const TensorMap& tensors);
Layout layout_of(const std::vector<TensorInfo>& tensors);

/// "" when both are alike; else "; 2 missing: …; 1 unexpected: …; 1 of the wrong shape: a (expected [3] but got [4])",
/// up to 20 names of each kind.
std::string difference(const Layout& expected, const Layout& actual);

/// Throws InvalidArgument, "[where] expected N tensors but …", with their difference, if there is one.
void require_layout(const Layout& expected, const Layout& actual, std::string_view where);

}  // namespace hotshot::weights
