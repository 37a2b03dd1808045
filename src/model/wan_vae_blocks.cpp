#include "model/wan_vae_blocks.h"

#include <ATen/ATen.h>

#include <cmath>

#include "kernel/attention.h"
#include "kernel/norm.h"
#include "nn/layers.h"

namespace hotshot::model {
namespace {

constexpr int kVideoRank = 3, kPictureRank = 2;

std::vector<std::int64_t> gamma_shape(std::int64_t channels, int rank) {
  std::vector<std::int64_t> shape(rank + 1, 1);
  shape[0] = channels;
  return shape;
}

at::Tensor fold_time(const at::Tensor& x_bcthw) {
  return x_bcthw.transpose(1, 2).reshape({-1, x_bcthw.size(1), x_bcthw.size(3), x_bcthw.size(4)});
}

at::Tensor unfold_time(const at::Tensor& x_nchw, std::int64_t batch) {
  return x_nchw.view({batch, -1, x_nchw.size(1), x_nchw.size(2), x_nchw.size(3)}).transpose(1, 2);
}

// [b, 2c, t, h, w] → [b, c, 2t, h, w], the halves of the channels one frame after the other.
at::Tensor frames_of_channels(const at::Tensor& x_bcthw) {
  const at::Tensor halves_bthw2c = x_bcthw.permute({0, 2, 3, 4, 1}).unflatten(-1, {2, x_bcthw.size(1) / 2});
  return halves_bthw2c.permute({0, 1, 4, 2, 3, 5}).flatten(1, 2).permute({0, 4, 1, 2, 3});
}

nn::CausalConv3dOptions pointwise(std::int64_t in, std::int64_t out) {
  return {.in = in, .out = out, .kernel = {1, 1, 1}};
}

}  // namespace

ChannelNorm::ChannelNorm(std::int64_t channels, int rank)
    : gamma_(add_parameter("gamma", gamma_shape(channels, rank), nn::Init::ones(), /*keep_fp32=*/true)) {}

at::Tensor ChannelNorm::operator()(const at::Tensor& x, bool then_silu) const {
  return kernel::channel_rms_norm(x, gamma_.tensor, then_silu);
}

VaeResBlock::VaeResBlock(std::int64_t in, std::int64_t out)
    : norm1_(in, kVideoRank), conv1_({.in = in, .out = out}), norm2_(out, kVideoRank), conv2_({.in = out, .out = out}) {
  add_child("norm1", norm1_);
  add_child("conv1", conv1_);
  add_child("norm2", norm2_);
  add_child("conv2", conv2_);
  if (in != out) add_child("conv_shortcut", conv_shortcut_.emplace(pointwise(in, out)));
}

at::Tensor VaeResBlock::forward(const at::Tensor& x, const Stream& stream) const {
  const at::Tensor shortcut = conv_shortcut_ ? (*conv_shortcut_)(x) : x;
  const at::Tensor middle = conv1_(norm1_(x, /*then_silu=*/true), stream.cache);
  return conv2_(norm2_(middle, /*then_silu=*/true), stream.cache, shortcut);
}

VaeAttention::VaeAttention(std::int64_t channels)
    : channels_(channels),
      norm_(channels, kPictureRank),
      to_qkv_({.in = channels, .out = 3 * channels, .kernel = 1}),
      proj_({.in = channels, .out = channels, .kernel = 1}) {
  add_child("norm", norm_);
  add_child("to_qkv", to_qkv_);
  add_child("proj", proj_);
}

at::Tensor VaeAttention::forward(const at::Tensor& x_bcthw, const Stream&) const {
  const at::Tensor x_nchw = norm_(fold_time(x_bcthw), /*then_silu=*/false);
  const std::int64_t height = x_nchw.size(2), width = x_nchw.size(3);
  const at::Tensor qkv_nld = nn::to_tokens(to_qkv_(x_nchw)).unsqueeze(2);  // [n, hw, one head, 3c]
  const auto part = [&](std::int64_t index) { return qkv_nld.narrow(-1, index * channels_, channels_); };
  const at::Tensor mixed =
      kernel::attention(part(0), part(1), part(2), 1.0 / std::sqrt(static_cast<double>(channels_)));
  const at::Tensor y = proj_(nn::to_pixels(mixed.squeeze(2), height, width), fold_time(x_bcthw));
  return unfold_time(y, x_bcthw.size(0));
}

VaeDownsample::VaeDownsample(std::int64_t channels, bool with_time)
    : conv_({.in = channels, .out = channels, .stride = 2, .padding_after = 1}) {
  add_child("resample", resample_.with("1", conv_));
  if (!with_time) return;
  const nn::CausalConv3dOptions options{
      .in = channels, .out = channels, .kernel = {3, 1, 1}, .time_stride = 2, .pad_time = false};
  add_child("time_conv", time_conv_.emplace(options));
}

at::Tensor VaeDownsample::forward(const at::Tensor& x_bcthw, const Stream& stream) const {
  const at::Tensor x = unfold_time(conv_(fold_time(x_bcthw)), x_bcthw.size(0));
  if (!time_conv_) return x;
  at::Tensor window = x;
  if (stream.cache) {
    at::Tensor& last_frame = (*stream.cache)[this];
    if (!stream.first) window = at::cat({last_frame, x}, 2);
    last_frame = x.narrow(2, x.size(2) - 1, 1).clone();
  }
  const bool reduces = window.size(2) >= 3;
  if (!stream.first) return (*time_conv_)(window);
  const at::Tensor frame0 = x.narrow(2, 0, 1);
  return reduces ? at::cat({frame0, (*time_conv_)(window)}, 2) : frame0;
}

VaeUpsample::VaeUpsample(std::int64_t in, std::int64_t out, bool with_time)
    : conv_({.in = in, .out = out, .padding = 1}) {
  add_child("resample", resample_.with("1", conv_));
  if (!with_time) return;
  add_child("time_conv", time_conv_.emplace(nn::CausalConv3dOptions{.in = in, .out = 2 * in, .kernel = {3, 1, 1}}));
}

at::Tensor VaeUpsample::forward(const at::Tensor& x_bcthw, const Stream& stream) const {
  at::Tensor x = x_bcthw;
  if (time_conv_) {
    // Frame 0 of a clip stays one frame and is not seen by the convolution either.
    const std::int64_t alone = stream.first ? 1 : 0, rest = x.size(2) - alone;
    if (rest > 0) {
      const at::Tensor twice = (*time_conv_)(x.narrow(2, alone, rest), stream.cache);
      const at::Tensor doubled = frames_of_channels(twice);
      x = alone ? at::cat({x.narrow(2, 0, 1), doubled}, 2) : doubled;
    }
  }
  const at::Tensor frames = fold_time(x);
  const at::Tensor larger = at::upsample_nearest2d(frames, {2 * frames.size(2), 2 * frames.size(3)});
  return unfold_time(conv_(larger), x.size(0));
}

VaeMidBlock::VaeMidBlock(std::int64_t channels)
    : before_(channels, channels), attention_(channels), after_(channels, channels) {
  add_child("attentions", attentions_.with("0", attention_));
  add_child("resnets", resnets_.with("0", before_).with("1", after_));
}

at::Tensor VaeMidBlock::forward(const at::Tensor& x, const Stream& stream) const {
  return after_.forward(attention_.forward(before_.forward(x, stream), stream), stream);
}

at::Tensor average_down(const at::Tensor& x_bcthw, std::int64_t out, std::int64_t factor_t, std::int64_t factor_s) {
  const std::int64_t pad = (factor_t - x_bcthw.size(2) % factor_t) % factor_t;
  const at::Tensor x = at::constant_pad_nd(x_bcthw, {0, 0, 0, 0, pad, 0});
  const std::int64_t b = x.size(0), c = x.size(1), t = x.size(2) / factor_t, h = x.size(3) / factor_s,
                     w = x.size(4) / factor_s;
  return x.reshape({b, c, t, factor_t, h, factor_s, w, factor_s})
      .permute({0, 1, 3, 5, 7, 2, 4, 6})
      .reshape({b, out, -1, t, h, w})
      .mean(2);
}

at::Tensor duplicate_up(const at::Tensor& x_bcthw, std::int64_t out, std::int64_t factor_t, std::int64_t factor_s,
                        bool first) {
  const std::int64_t b = x_bcthw.size(0), t = x_bcthw.size(2), h = x_bcthw.size(3), w = x_bcthw.size(4);
  const std::int64_t repeats = out * factor_t * factor_s * factor_s / x_bcthw.size(1);
  const at::Tensor x = x_bcthw.repeat_interleave(repeats, 1)
                           .reshape({b, out, factor_t, factor_s, factor_s, t, h, w})
                           .permute({0, 1, 5, 2, 6, 3, 7, 4})
                           .reshape({b, out, t * factor_t, h * factor_s, w * factor_s});
  return first ? x.narrow(2, factor_t - 1, x.size(2) - factor_t + 1) : x;
}

}  // namespace hotshot::model
