#include "training/flow_preview.h"

#include <ATen/ATen.h>

#include "base/random.h"
#include "diffusion/guidance.h"
#include "diffusion/sampler.h"
#include "diffusion/scheduler_config.h"
namespace hotshot::training {

at::Tensor guided_velocity(const model::WanTransformer& transformer, const at::Tensor& latents,
                           const at::Tensor& time_b, const model::TextContext& text, double guidance,
                           at::ScalarType dtype) {
  const at::Tensor x = latents.to(dtype);
  if (guidance == 1) return transformer(x, time_b, text).to(at::kFloat);
  const auto both = transformer(at::cat({x, x}), at::cat({time_b, time_b}), text).to(at::kFloat).chunk(2);
  return diffusion::guide(both[0], both[1], guidance);
}

std::vector<Clip> preview_clips(const std::vector<std::string>& prompts, const FlowSampling& sampling,
                                const model::WanTransformer& transformer, const CaptionEncoder& captions,
                                const ClipLatents& clips, at::ScalarType dtype, at::Device device) {
  at::NoGradGuard no_grad;
  const diffusion::SchedulerConfig scheduler = scheduler_of(sampling);
  const auto& options = std::get<diffusion::FlowScheduleOptions>(scheduler.schedule);
  const diffusion::Schedule schedule = diffusion::flow_schedule(sampling.steps, options);
  std::vector<Clip> shown;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    std::vector<std::string> texts{prompts[i]};
    if (sampling.guidance != 1) texts.emplace_back();
    const model::TextContext text = captions(texts, dtype);
    at::Tensor noise = at::empty(clips.preview_shape(), at::kFloat);
    Random(i, "preview").fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
    const auto velocity = [&](const at::Tensor& x, const diffusion::DenoiserCall& call) {
      return guided_velocity(transformer, x, at::full({1}, call.timestep, at::kFloat).to(device), text,
                             sampling.guidance, dtype);
    };
    shown.push_back(
        clips.decode(diffusion::sample(scheduler.sampler, velocity, noise.to(device), schedule, scheduler.options)));
  }
  return shown;
}

}  // namespace hotshot::training
