#include "pipeline/generate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "diffusion/sampler.h"
#include "pipeline/family.h"

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

// Shows what the model guesses, now and then.
class Previewer {
 public:
  Previewer(Run& run, const RunOptions& options) : run_(run), options_(options) {}

  void show(const at::Tensor& x0) {
    if (!options_.on_preview || Clock::now() < next_) return;
    options_.on_preview(run_.preview(x0));
    next_ = Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options_.preview_seconds * 1000));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Run& run_;
  const RunOptions& options_;
  Clock::time_point next_ = Clock::now();
};

// The network's answers, from the journal as far as it reaches.
class Answers {
 public:
  Answers(Run& run, Journal* journal, Progress* progress) : run_(run), journal_(journal), progress_(progress) {}

  at::Tensor operator()(const at::Tensor& input, const diffusion::DenoiserCall& call) {
    if (progress_ && progress_->cancelled()) throw Cancelled();
    if (journal_ && asked_ < journal_->known()) return journal_->recall(asked_++).to(input.device());
    const at::Tensor answer = run_.answer(input, call);
    ++asked_;
    if (journal_) journal_->remember(answer);
    return answer;
  }

 private:
  Run& run_;
  Journal* journal_;
  Progress* progress_;
  std::int64_t asked_ = 0;
};

std::vector<at::Tensor> sample_clips(Run& run, const Plan& plan, Progress* progress, const RunOptions& options) {
  Answers answers(run, options.journal, progress);
  Previewer previewer(run, options);
  begin_phase(progress, "sampling", static_cast<std::int64_t>(plan.count) * plan.steps());
  std::vector<at::Tensor> latents;
  for (int i = 0; i < plan.count; ++i) {
    const std::uint64_t seed = plan.seed + static_cast<std::uint64_t>(i);
    const std::int64_t before = static_cast<std::int64_t>(i) * plan.steps();
    const auto on_step = [&](const diffusion::StepResult& step) {
      ensure(step.latents.isfinite().all().item<bool>(), "sampling",
             "expected finite numbers after step {} of {} but got others: the model's weights, a LoRA or ControlNet of "
             "great strength, or a guidance of {} can be the cause",
             step.done, step.steps, plan.guidance);
      run.after_step(step);
      advance_or_stop(progress, before + step.done);
      if (step.done < step.steps) previewer.show(step.x0);
    };
    latents.push_back(diffusion::sample(plan.sampler, std::ref(answers), run.start(seed), plan.schedule,
                                        plan.sampler_options, on_step, diffusion::seeded_noise(seed)));
  }
  return latents;
}

}  // namespace

void generate(const ModelFolder& folder, const Plan& plan, const MadeSink& sink, Progress* progress,
              const RunOptions& options) {
  const at::NoGradGuard no_grad;
  const ThreadScope threads(plan.threads);
  const std::unique_ptr<Run> run = folder.family->begin(folder, plan, progress);
  const std::vector<at::Tensor> latents = sample_clips(*run, plan, progress, options);
  begin_phase(progress, "loading", 1);
  run->finish_sampling();
  for (int i = 0; i < plan.count; ++i) {
    const at::Tensor& clip = latents[static_cast<std::size_t>(i)];
    begin_phase(progress, "decoding", run->decode_pieces(clip));
    Made made{.index = i, .seed = plan.seed + static_cast<std::uint64_t>(i), .frames_made = plan.frames_made};
    made.clip.rate = {plan.fps, 1};
    made.clip.frames = run->decode(clip, progress);
    made.warnings = run->warnings();
    sink(std::move(made));
  }
}

}  // namespace hotshot::pipeline
