#include "pipeline/pictures.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace hotshot::pipeline {
namespace {

at::Tensor decode_one(const model::KlVae& vae, const at::Tensor& latents_nchw, bool low_memory) {
  if (low_memory) return vae.decode_tiled(latents_nchw, vae.config().tile_latents());
  return vae.decode(latents_nchw);
}

bool finite(const at::Tensor& x) { return at::isfinite(x).all().item<bool>(); }

// [1, 3, h, w] in [-1, 1] → bytes [h, w, 3], rounded half to even as PIL output of diffusers is.
at::Tensor to_bytes(const at::Tensor& picture) {
  const at::Tensor unit = picture.to(at::kFloat).div(2).add_(0.5).clamp_(0, 1);
  return unit.mul_(255).round_().to(at::kByte)[0].permute({1, 2, 0}).contiguous().cpu();
}

}  // namespace

DecodedPictures decode_pictures(const model::KlVae& vae, const at::Tensor& latents, at::ScalarType dtype,
                                bool low_memory, Progress* progress) {
  const at::NoGradGuard no_grad;
  const int factor = vae.config().scale_factor();
  DecodedPictures result;
  result.frames = Frames(static_cast<int>(latents.size(0)), static_cast<int>(latents.size(2)) * factor,
                         static_cast<int>(latents.size(3)) * factor);
  for (int i = 0; i < result.frames.count; ++i) {
    const at::Tensor one = vae.denormalize(latents.narrow(0, i, 1).to(at::kFloat));
    at::Tensor picture = decode_one(vae, one.to(dtype), low_memory);
    if (dtype != at::kFloat && !finite(picture)) {
      result.retried = true;
      picture = decode_one(vae, one, low_memory);
    }
    ensure(finite(picture), "decode", "expected finite pixels in frame {} but got others, in fp32 too", i);
    const at::Tensor bytes_hwc = to_bytes(picture);
    std::memcpy(result.frames.frame(i), bytes_hwc.data_ptr(), result.frames.frame_bytes());
    advance_or_stop(progress, i + 1);
  }
  const auto& pixels = result.frames.pixels;
  result.black = !pixels.empty() && *std::max_element(pixels.begin(), pixels.end()) <= 1;
  return result;
}

at::Tensor encode_pictures(const model::KlVae& vae, const at::Tensor& video, at::ScalarType dtype, bool low_memory) {
  const at::NoGradGuard no_grad;
  const auto device = const_cast<model::KlVae&>(vae).device();
  std::vector<at::Tensor> latents;
  for (std::int64_t t = 0; t < video.size(2); ++t) {
    const at::Tensor picture = video.select(2, t).to(device, dtype);
    const model::Posterior posterior =
        low_memory ? vae.encode_tiled(picture, vae.config().tile_latents()) : vae.encode(picture);
    latents.push_back(vae.normalize(posterior.mean.to(at::kFloat)));
  }
  return at::stack(latents, 2);
}

}  // namespace hotshot::pipeline
