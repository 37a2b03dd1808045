#include "pipeline/stages.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/guidance.h"

namespace hotshot::pipeline {
namespace {

// Values in [-1, 1], [1, 3, n, h, w] → bytes [n, h, w, 3], rounded half to even as PIL output of diffusers is.
at::Tensor to_bytes(const at::Tensor& video_bcthw) {
  const at::Tensor unit = video_bcthw.to(at::kFloat).div(2).add_(0.5).clamp_(0, 1);
  return unit.mul_(255).round_().to(at::kByte)[0].permute({1, 2, 3, 0}).contiguous().cpu();
}

}  // namespace

EncodedText encode_text(const text::T5Tokenizer& tokenizer, const model::Umt5Encoder& encoder,
                        std::string_view prompt) {
  const at::NoGradGuard no_grad;
  EncodedText result;
  result.ids = tokenizer(prompt, kTextTokens);
  const auto count = static_cast<std::int64_t>(result.ids.size());
  const at::Tensor ids_bl = at::tensor(result.ids, at::kInt).to(at::kLong).unsqueeze(0);
  result.embeddings_ld = encoder(ids_bl, {count})[0].to(at::kFloat);
  return result;
}

TextDenoiser::TextDenoiser(const model::WanTransformer& transformer, const GuidedText& text, at::Device device,
                           at::ScalarType dtype)
    : transformer_(transformer), guidance_(text.guidance), rescale_(text.rescale), dtype_(dtype) {
  std::vector<at::Tensor> texts{text.prompt.embeddings_ld};
  if (guidance_ > 1) texts.push_back(text.negative.embeddings_ld);
  std::vector<std::int64_t> lengths;
  for (const at::Tensor& embeddings_ld : texts) lengths.push_back(embeddings_ld.size(0));
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  for (at::Tensor& embeddings_ld : texts) {
    embeddings_ld = at::constant_pad_nd(embeddings_ld, {0, 0, 0, longest - embeddings_ld.size(0)});
  }
  context_ = model::pad_context(at::stack(texts).to(device, dtype), lengths, transformer_.config().text_len);
}

at::Tensor TextDenoiser::predictions(const at::Tensor& latents_bcthw, double timestep, std::int64_t known) const {
  const at::NoGradGuard no_grad;
  const std::int64_t batch = context_.embeddings_bld.size(0);
  const at::Tensor latents = latents_bcthw.to(dtype_).expand({batch, -1, -1, -1, -1});
  const at::TensorOptions fp32 = latents_bcthw.options().dtype(at::kFloat);
  if (known == 0) return transformer_(latents.contiguous(), at::full({batch}, timestep, fp32), context_);
  at::Tensor timesteps_bt = at::full({batch, latents.size(2)}, timestep, fp32);
  timesteps_bt.narrow(1, 0, known).zero_();
  at::Tensor velocity = transformer_(latents.contiguous(), timesteps_bt, context_).clone();
  velocity.narrow(2, 0, known).zero_();  // they stay where they are
  return velocity;
}

at::Tensor TextDenoiser::operator()(const at::Tensor& latents_bcthw, double timestep, std::int64_t known) const {
  const at::Tensor both = predictions(latents_bcthw, timestep, known).to(at::kFloat);
  if (both.size(0) == 1) return both;
  return diffusion::guide(both.narrow(0, 0, 1), both.narrow(0, 1, 1), guidance_, rescale_);
}

at::Tensor initial_noise(std::uint64_t seed, const std::vector<std::int64_t>& shape) {
  at::Tensor noise = at::empty(shape, at::kFloat);
  Random(seed, "noise").fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
  return noise;
}

Frames decode_latents(const model::WanVae& vae, const at::Tensor& latents_bcthw, int frames, at::ScalarType dtype,
                      Progress* progress, const std::function<void(const at::Tensor&)>& sink) {
  const int factor = vae.config().scale_factor_spatial;
  Frames result(frames, static_cast<int>(latents_bcthw.size(3)) * factor,
                static_cast<int>(latents_bcthw.size(4)) * factor);
  std::size_t written = 0;
  std::int64_t done = 0;
  vae.decode_streamed(vae.denormalize(latents_bcthw.to(at::kFloat)).to(dtype), [&](const at::Tensor& piece) {
    if (sink) sink(piece);
    const at::Tensor bytes_thwc = to_bytes(piece);
    const std::size_t count = std::min<std::size_t>(bytes_thwc.nbytes(), result.pixels.size() - written);
    if (count > 0) std::memcpy(result.pixels.data() + written, bytes_thwc.data_ptr(), count);
    written += count;
    const std::int64_t step = vae.config().scale_factor_temporal;
    const std::int64_t latent_frames = (piece.size(2) + step - 1) / step;  // the first is one frame
    for (std::int64_t i = 0; i < latent_frames; ++i) advance_or_stop(progress, ++done);
  });
  ensure(written == result.pixels.size(), "decode", "expected {} bytes of frames but got {}", result.pixels.size(),
         written);
  return result;
}

}  // namespace hotshot::pipeline
