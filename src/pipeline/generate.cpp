#include "pipeline/generate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "diffusion/sampler.h"
#include "pipeline/stages.h"

namespace hotshot::pipeline {
namespace {

/// Sets libtorch's threads, and back.
class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~ThreadScope() { at::set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

GuidedText encode_texts(const ModelFolder& folder, const Plan& plan, Progress* progress) {
  begin_phase(progress, "loading", 1);
  const auto encoder = load_network<model::Umt5Encoder>(folder, "text_encoder", at::kFloat, at::kCPU);
  const auto tokenizer = text::T5Tokenizer::load(folder.path / "tokenizer");
  GuidedText text{.guidance = plan.guidance};
  begin_phase(progress, "encoding", plan.guidance > 1 ? 2 : 1);
  text.prompt = encode_text(tokenizer, *encoder, plan.prompt);
  advance_or_stop(progress, 1);
  if (plan.guidance > 1) {
    text.negative = encode_text(tokenizer, *encoder, plan.negative);
    advance_or_stop(progress, 2);
  }
  return text;
}

// Shows the first frame of what the model guesses. The decoder is loaded when it is first needed.
class Previewer {
 public:
  Previewer(const ModelFolder& folder, const Plan& plan, const RunOptions& options)
      : folder_(folder), plan_(plan), options_(options) {}

  void show(const at::Tensor& x0) {
    if (!options_.on_preview || Clock::now() < next_) return;
    if (!vae_) vae_ = load_network<model::WanVae>(folder_, "vae", plan_.dtype, plan_.device);
    options_.on_preview(decode_latents(*vae_, x0.narrow(2, 0, 1), 1, plan_.dtype));
    next_ = Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options_.preview_seconds * 1000));
  }

 private:
  using Clock = std::chrono::steady_clock;
  const ModelFolder& folder_;
  const Plan& plan_;
  const RunOptions& options_;
  std::unique_ptr<model::WanVae> vae_;
  Clock::time_point next_ = Clock::now();
};

std::vector<at::Tensor> sample_clips(const ModelFolder& folder, const Plan& plan, const GuidedText& text,
                                     Progress* progress, const RunOptions& options) {
  begin_phase(progress, "loading", 1);
  const auto transformer = load_network<model::WanTransformer>(folder, "transformer", plan.dtype, plan.device);
  const TextDenoiser denoiser(*transformer, text, plan.device, plan.dtype);
  std::int64_t asked = 0;
  Previewer previewer(folder, plan, options);
  const auto velocity = [&](const at::Tensor& latents_bcthw, const diffusion::DenoiserCall& call) {
    if (progress && progress->cancelled()) throw Cancelled();
    if (options.journal && asked < options.journal->known()) return options.journal->recall(asked++).to(plan.device);
    const at::Tensor answer = denoiser(latents_bcthw, call.timestep);
    ++asked;
    if (options.journal) options.journal->remember(answer);
    return answer;
  };
  begin_phase(progress, "sampling", static_cast<std::int64_t>(plan.count) * plan.steps());
  std::vector<at::Tensor> latents;
  for (int i = 0; i < plan.count; ++i) {
    const at::Tensor noise = initial_noise(plan.seed + static_cast<std::uint64_t>(i), plan.latent_shape(folder));
    const std::int64_t before = static_cast<std::int64_t>(i) * plan.steps();
    const auto on_step = [&](const diffusion::StepResult& step) {
      advance_or_stop(progress, before + step.done);
      if (step.done < step.steps) previewer.show(step.x0);
    };
    latents.push_back(
        diffusion::sample(plan.sampler, velocity, noise.to(plan.device), plan.schedule, plan.sampler_options, on_step));
  }
  return latents;
}

}  // namespace

void generate(const ModelFolder& folder, const Plan& plan, const MadeSink& sink, Progress* progress,
              const RunOptions& options) {
  const at::NoGradGuard no_grad;
  const ThreadScope threads(plan.threads);
  const std::vector<at::Tensor> latents =
      sample_clips(folder, plan, encode_texts(folder, plan, progress), progress, options);
  begin_phase(progress, "loading", 1);
  const auto vae = load_network<model::WanVae>(folder, "vae", plan.dtype, plan.device);
  const std::int64_t pieces = latents.front().size(2);
  for (int i = 0; i < plan.count; ++i) {
    begin_phase(progress, "decoding", pieces);
    Made made{.index = i, .seed = plan.seed + static_cast<std::uint64_t>(i), .frames_made = plan.frames_made};
    made.clip.rate = {plan.fps, 1};
    made.clip.frames =
        decode_latents(*vae, latents[static_cast<std::size_t>(i)], plan.frames_shown, plan.dtype, progress);
    sink(std::move(made));
  }
}

}  // namespace hotshot::pipeline
