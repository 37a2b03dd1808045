#include "pipeline/wan_family.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/error.h"
#include "media/decode.h"
#include "model/umt5.h"
#include "model/wan_transformer.h"
#include "model/wan_vae.h"
#include "pipeline/footage.h"
#include "pipeline/memory.h"
#include "pipeline/parts.h"
#include "pipeline/request.h"
#include "pipeline/stages.h"
#include "text/t5_tokenizer.h"

namespace hotshot::pipeline {
namespace {

constexpr std::uint64_t kScoreBlocks = 64'000'000;  // attention's block of scores, a few copies (kernel/attention.cpp)

struct WanConfigs {
  model::Umt5Config text_encoder;
  model::WanTransformerConfig transformer;
  model::WanVaeConfig vae;
  /// Whether it goes on from given latent frames, told by their time of 0 (diffusers' expand_timesteps).
  bool continues = false;
};

constexpr int kKnownSteps = 2;  // latent frames after the first that a clip gives to the one which goes on from it

GuidedText encode_texts(const ModelFolder& folder, const Plan& plan, Progress* progress) {
  begin_phase(progress, "loading", 1);
  const auto encoder = load_network<model::Umt5Encoder>(folder, "text_encoder", at::kFloat, at::kCPU);
  const auto tokenizer = text::T5Tokenizer::load(folder.path / "tokenizer");
  GuidedText text{.guidance = plan.guidance, .rescale = plan.settled.rescale};
  begin_phase(progress, "encoding", plan.guided ? 2 : 1);
  text.prompt = encode_text(tokenizer, *encoder, plan.prompt);
  advance_or_stop(progress, 1);
  if (plan.guided) {
    text.negative = encode_text(tokenizer, *encoder, plan.negative);
    advance_or_stop(progress, 2);
  }
  return text;
}

// Normalised latents [1, c, t, h, w], fp32, of what the clip shall begin with; undefined for nothing.
at::Tensor read_beginning(const ModelFolder& folder, const Plan& plan) {
  const std::string& path = plan.settled.files.image;
  if (path.empty()) return {};
  const at::NoGradGuard no_grad;
  const auto vae = load_network<model::WanVae>(folder, "vae", plan.dtype, plan.device);
  // At least one latent frame is left to make.
  const int step = vae->config().scale_factor_temporal;
  const int most = std::min(kKnownSteps * step + 1, plan.frames_made - step);
  const at::Tensor video = unit_values(read_ending(path, plan.size, plan.fps, step, most)) * 2 - 1;
  return vae->normalize(vae->encode_streamed(video.to(plan.device, plan.dtype)).to(at::kFloat));
}

class WanRun : public Run {
 public:
  WanRun(const ModelFolder& folder, const Plan& plan, const GuidedText& text)
      : folder_(folder),
        plan_(plan),
        beginning_(read_beginning(folder, plan)),
        transformer_(load_network<model::WanTransformer>(folder, "transformer", plan.dtype, plan.device)),
        denoiser_(*transformer_, text, plan.device, plan.dtype) {
    plan.quantized ? transformer_->quantize() : transformer_->pack();
  }

  at::Tensor start(std::uint64_t seed) override {
    return with_beginning(initial_noise(seed, plan_.latent_shape(folder_)).to(plan_.device));
  }
  at::Tensor answer(const at::Tensor& input, const diffusion::DenoiserCall& call) override {
    if (!beginning_.defined()) return denoiser_(input, call.timestep);
    return denoiser_(with_beginning(input), call.timestep, beginning_.size(2));
  }
  void after_step(const diffusion::StepResult& step) override {
    if (!beginning_.defined()) return;
    at::Tensor latents = step.latents;
    latents.narrow(2, 0, beginning_.size(2)).copy_(beginning_);
  }
  Frames preview(const at::Tensor& x0) override { return decode_latents(vae(), x0.narrow(2, 0, 1), 1, plan_.dtype); }
  void finish_sampling() override {
    transformer_.reset();
    vae();
  }
  Frames decode(const at::Tensor& latents, Progress* progress) override {
    return decode_latents(vae(), latents, plan_.frames_shown, plan_.dtype, progress);
  }
  std::int64_t decode_pieces(const at::Tensor& latents) const override { return latents.size(2); }

 private:
  at::Tensor with_beginning(const at::Tensor& latents) const {
    if (!beginning_.defined()) return latents;
    const std::int64_t known = beginning_.size(2);
    return at::cat({beginning_.to(latents.scalar_type()), latents.narrow(2, known, latents.size(2) - known)}, 2);
  }

  const model::WanVae& vae() {
    if (!vae_) vae_ = load_network<model::WanVae>(folder_, "vae", plan_.dtype, plan_.device);
    return *vae_;
  }

  const ModelFolder& folder_;
  const Plan& plan_;
  at::Tensor beginning_;
  std::unique_ptr<model::WanTransformer> transformer_;
  TextDenoiser denoiser_;
  std::unique_ptr<model::WanVae> vae_;
};

class WanFamily : public Family {
 public:
  explicit WanFamily(WanConfigs configs) : c_(std::move(configs)) {}

  Limits limits() const override {
    const int step = c_.vae.scale_factor_spatial * c_.transformer.patch_size[1];
    const int longest = c_.transformer.rope_max_seq_len;
    return {.size_step = step,
            .longest_side = longest * step,
            .most_frames = (longest - 1) * c_.vae.scale_factor_temporal + 1};
  }
  int frames_made(int frames) const override {
    const int factor = c_.vae.scale_factor_temporal;
    return (frames + factor - 2) / factor * factor + 1;
  }
  // A whole number of seconds where the model allows it: 25 frames of training at 8 per second are 3 s and one more.
  int frames_shown(int trained_frames) const override { return std::max(1, trained_frames - 1); }
  std::vector<std::int64_t> latent_shape(int width, int height, int frames) const override {
    return {1, c_.vae.z_dim, (frames - 1) / c_.vae.scale_factor_temporal + 1, height / c_.vae.scale_factor_spatial,
            width / c_.vae.scale_factor_spatial};
  }
  std::string latents_text() const override {
    const int space = c_.vae.scale_factor_spatial;
    return fmt::format("{} channels, {}x{}x{}", c_.vae.z_dim, c_.vae.scale_factor_temporal, space, space);
  }
  void check(const ModelFolder& folder, Plan& plan) const override;
  MemoryNeed memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) const override;
  std::unique_ptr<Run> begin(const ModelFolder& folder, const Plan& plan, Progress* progress) const override {
    const GuidedText text = encode_texts(folder, plan, progress);
    begin_phase(progress, "loading", 1);
    return std::make_unique<WanRun>(folder, plan, text);
  }
  RoundTrip round_trip(const ModelFolder& folder, const Plan& plan) const override {
    const std::shared_ptr<model::WanVae> vae = load_network<model::WanVae>(folder, "vae", plan.dtype, plan.device);
    return [vae, dtype = plan.dtype, device = plan.device](const Frames& frames) {
      const at::NoGradGuard no_grad;
      const at::Tensor video = (unit_values(frames) * 2 - 1).to(device, dtype);
      return decode_latents(*vae, vae->normalize(vae->encode_streamed(video).to(at::kFloat)), frames.count, dtype);
    };
  }

 private:
  void check_files(const ModelFolder& folder, const Plan& plan) const;
  std::uint64_t transformer_activations(const Workload& work, at::ScalarType dtype) const;
  std::uint64_t vae_activations(const Workload& work, at::ScalarType dtype) const;

  WanConfigs c_;
};

void WanFamily::check(const ModelFolder& folder, Plan& plan) const {
  const GenerateRequest& asked = plan.settled;
  check_files(folder, plan);
  require(asked.prompt_2.empty() && asked.negative_2.empty(), "prompt_2",
          "expected none for {}, which has one text encoder", folder.name);
  const bool image_settings = asked.clip_skip != 0 || asked.window != 0 || asked.overlap != 0 || asked.low_memory ||
                              !asked.original_size.empty() || !asked.target_size.empty() ||
                              !asked.negative_original_size.empty() || !asked.negative_target_size.empty() ||
                              !asked.crop.empty() || !asked.negative_crop.empty();
  require(!image_settings, "request",
          "expected no settings of image models (clip skip, sizes and crops said, windows, low memory) for {}",
          folder.name);
}

void WanFamily::check_files(const ModelFolder& folder, const Plan& plan) const {
  LocalFiles others = plan.settled.files;
  others.image.clear();
  require(others.empty(), "request",
          "expected words and an image at most for {} but got other files, which it cannot take", folder.name);
  if (plan.settled.files.image.empty()) return;
  require(c_.continues, "image", "expected words alone for {}, which was not trained to go on from pictures",
          folder.name);
  require(plan.settled.files.strength == LocalFiles{}.strength, "strength",
          "expected none for {}, whose clips begin with all of the image, but got {}", folder.name,
          plan.settled.files.strength);
  require(plan.frames_made > c_.vae.scale_factor_temporal, "image",
          "expected a clip of more than {} frame to go on from an image but got {}", 1, plan.frames_shown);
  media::probe(plan.settled.files.image);  // throws for what cannot be read
}

std::uint64_t WanFamily::transformer_activations(const Workload& work, at::ScalarType dtype) const {
  const auto& c = c_.transformer;
  const auto step = static_cast<std::uint64_t>(limits().size_step);
  const std::uint64_t latent_frames = (work.frames - 1) / c_.vae.scale_factor_temporal + 1;
  const std::uint64_t tokens = latent_frames * (work.height / step) * (work.width / step) * (work.guided ? 2 : 1);
  const std::uint64_t size = c10::elementSize(dtype), width = static_cast<std::uint64_t>(c.inner_dim());
  // Alive together in a block: x, its norm, q, k, v and their head layouts, fp32 copies for norms and rotation; or the
  // feed-forward's two wide tensors.
  const std::uint64_t attention = width * (10 * size + 4 * 4);
  const std::uint64_t feed_forward = width * (3 * size + 2 * 4) + static_cast<std::uint64_t>(c.ffn_dim) * 2 * size;
  return tokens * std::max(attention, feed_forward) + kScoreBlocks;
}

std::uint64_t WanFamily::vae_activations(const Workload& work, at::ScalarType dtype) const {
  const auto& c = c_.vae;
  const std::uint64_t patch = c.patch_size.value_or(1), size = c10::elementSize(dtype);
  const std::uint64_t pixels = (work.width / patch) * (work.height / patch);
  const std::uint64_t channels =
      static_cast<std::uint64_t>(c.decoder_base_dim.value_or(c.base_dim)) * c.dim_mult[c.dim_mult.size() > 1 ? 1 : 0];
  const std::int64_t latent_frames = (work.frames - 1) / c.scale_factor_temporal + 1;
  const std::int64_t at_once = std::min(latent_frames, model::frames_at_once(c, work.height / c.scale_factor_spatial,
                                                                             work.width / c.scale_factor_spatial));
  const std::uint64_t frames = at_once * c.scale_factor_temporal;
  // The last level works on `frames` pictures at once, some of them fp32 inside norms; each of its convolutions
  // remembers two frames, and the levels below together about as much again.
  const std::uint64_t live = frames * pixels * channels * (4 * size + 4 * 4);
  const std::uint64_t caches = 2 * 2 * 2 * (c.num_res_blocks + 1) * pixels * channels * size;
  return live + caches;
}

MemoryNeed WanFamily::memory(const ModelFolder& folder, const Workload& work, at::ScalarType dtype) const {
  const auto& c = c_.text_encoder;
  const std::uint64_t longest = kTextTokens;
  const std::uint64_t wide = 4 * longest * (static_cast<std::uint64_t>(c.d_ff) * 3 + c.d_model * 8ull);
  const std::uint64_t bias = 4 * longest * longest * static_cast<std::uint64_t>(c.num_heads) * 3;
  const std::uint64_t frame = 3ull * work.width * work.height;
  std::uint64_t latent = 4;
  for (const std::int64_t side : latent_shape(work.width, work.height, work.frames)) {
    latent *= static_cast<std::uint64_t>(side);
  }
  return {.encoding = weight_bytes(folder.part("text_encoder"), at::kFloat) + wide + bias,
          .sampling = weight_bytes(folder.part("transformer"), work.quantized ? at::kChar : dtype) +
                      transformer_activations(work, dtype) + 8 * latent,
          .decoding = weight_bytes(folder.part("vae"), dtype) + vae_activations(work, dtype),
          .result = latent * work.count + 2 * frame * work.frames};
}

void check_parts_fit(const WanConfigs& c, int vocabulary, const std::string& where) {
  require(c.transformer.in_channels == c.vae.z_dim && c.transformer.out_channels == c.vae.z_dim, where,
          "expected a transformer of {} latent channels, as the vae has, but got {} in and {} out", c.vae.z_dim,
          c.transformer.in_channels, c.transformer.out_channels);
  require(c.transformer.text_dim == c.text_encoder.d_model, where,
          "expected a transformer of text_dim {}, as the text encoder has, but got {}", c.text_encoder.d_model,
          c.transformer.text_dim);
  const std::vector<int>& patch = c.transformer.patch_size;
  require(patch[0] == 1 && patch[1] == patch[2], where,
          "expected square patches of one latent frame but got patch_size {}", fmt::join(patch, "x"));
  require(vocabulary <= c.text_encoder.vocab_size, where,
          "expected a tokenizer of at most {} pieces, the text encoder's vocab_size, but got {}",
          c.text_encoder.vocab_size, vocabulary);
}

// Wan 2.2's larger models have a second transformer for the quiet half of the way.
void check_single(const nlohmann::json& index, const std::string& where) {
  require(!names_part(index, "transformer_2"), where, "expected a model with one transformer but it has a {}",
          "transformer_2");
}

}  // namespace

std::shared_ptr<const Family> open_wan(ModelFolder& folder, const nlohmann::json& index) {
  check_single(index, (folder.path / "model_index.json").string());
  WanConfigs configs{.text_encoder = take_part<model::Umt5Encoder>(folder, index, "text_encoder"),
                     .transformer = take_part<model::WanTransformer>(folder, index, "transformer"),
                     .vae = take_part<model::WanVae>(folder, index, "vae"),
                     .continues = index.value("expand_timesteps", nlohmann::json(false)) == true};
  require(std::holds_alternative<diffusion::FlowScheduleOptions>(folder.scheduler.schedule), "scheduler_config",
          "expected flow sigmas for a {} model but got discrete ones", "Wan");
  check_parts_fit(configs, text::T5Tokenizer::load(folder.path / "tokenizer").vocabulary_size(), folder.path.string());
  return std::make_shared<WanFamily>(std::move(configs));
}

}  // namespace hotshot::pipeline
