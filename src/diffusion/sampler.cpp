#include "diffusion/sampler.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "diffusion/sampler_run.h"

namespace hotshot::diffusion {
namespace {

constexpr int kFewSteps = 15;  // below this, dpmpp-2m ends with a first-order step

// x += (sigma' - sigma) v. Order 1.
at::Tensor euler(const SamplerRun& run, at::Tensor latents) {
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor v = run.velocity(latents, i, i);
    const at::Tensor x0 = at::sub(latents, v, run.sigma(i));
    latents = at::add(latents, v, run.sigma(i + 1) - run.sigma(i));
    run.finish_step(i, latents, x0);
  }
  return latents;
}

// The mean of the slopes at both ends of the step (Karras et al. 2022, algorithm 1). Order 2; Euler where sigma' is 0.
at::Tensor heun(const SamplerRun& run, at::Tensor latents) {
  for (int i = 0; i < run.steps(); ++i) {
    const double step = run.sigma(i + 1) - run.sigma(i);
    const at::Tensor v = run.velocity(latents, i, i);
    const at::Tensor x0 = at::sub(latents, v, run.sigma(i));
    at::Tensor next = at::add(latents, v, step);
    if (run.sigma(i + 1) > 0.0) {
      const at::Tensor v_next = run.velocity(next, i + 1, i, 1);
      next = at::add(latents, at::add(v, v_next), step / 2.0);
    }
    latents = next;
    run.finish_step(i, latents, x0);
  }
  return latents;
}

// DPM-Solver++(2M), midpoint form (Lu et al. 2022b, algorithm 2).
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor latents) {
  at::Tensor last_x0;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor x0 = run.x0(latents, i, i);
    const double sigma = run.sigma(i + 1), alpha = 1.0 - sigma;
    const double h = run.lambda(i + 1) - run.lambda(i);
    const bool few = run.options.lower_order_final && run.steps() < kFewSteps;
    const bool first_order = i == 0 || (i + 1 == run.steps() && (sigma == 0.0 || few));
    at::Tensor data = x0;
    if (!first_order) {
      const double r = (run.lambda(i) - run.lambda(i - 1)) / h;
      data = at::add(x0, at::sub(x0, last_x0), 0.5 / r);
    }
    latents = at::add(latents.mul(sigma / run.sigma(i)), data, -alpha * std::expm1(-h));
    run.finish_step(i, latents, x0);
    last_x0 = x0;
  }
  return latents;
}

struct Sampler {
  SamplerInfo info;
  at::Tensor (*run)(const SamplerRun& run, at::Tensor latents);
};

constexpr std::array kSamplers = std::to_array<Sampler>({
    {{"unipc", "one evaluation per step, predicts and corrects; what Wan uses", 1, 2}, unipc},
    {{"dpmpp-2m", "one evaluation per step, second order by remembering the last", 1, 2}, dpmpp_2m},
    {{"heun", "two evaluations per step, second order, steady", 2, 2}, heun},
    {{"euler", "one evaluation per step, the plainest; needs many steps", 1, 1}, euler},
});

constexpr auto kInfos = [] {
  std::array<SamplerInfo, kSamplers.size()> infos{};
  for (std::size_t i = 0; i < infos.size(); ++i) infos[i] = kSamplers[i].info;
  return infos;
}();

const Sampler& find_sampler(std::string_view name) {
  std::vector<std::string> known;
  for (const Sampler& sampler : kSamplers) {
    if (sampler.info.name == name) return sampler;
    known.emplace_back(sampler.info.name);
  }
  throw_unknown("sampler", name, known);
}

std::string shape_text(const at::Tensor& tensor) { return fmt::format("[{}]", fmt::join(tensor.sizes(), ", ")); }

}  // namespace

FieldList SamplerOptions::fields() {
  return {{"solver_order", "order of unipc: 1, 2 or 3", &solver_order, {1, 3}},
          {"solver_type", "B(h) of unipc: bh1 or bh2", &solver_type},
          {"lower_order_final", "lower the order of the multistep samplers towards the end", &lower_order_final},
          {"disable_corrector", "steps that unipc does not correct", &disable_corrector, {0, 1e6}}};
}

double SamplerRun::lambda(int index) const {
  const double alpha = std::max(1.0 - sigma(index), 1e-6);
  return std::log(alpha) - std::log(sigma(index));
}

at::Tensor SamplerRun::velocity(const at::Tensor& latents, int index, int step, int call) const {
  const at::Tensor v =
      denoiser(latents, {.step = step, .call = call, .sigma = sigma(index), .timestep = schedule.timestep(index)});
  ensure(v.defined() && v.sizes() == latents.sizes(), "sampler", "expected a velocity of shape {} but got {}",
         shape_text(latents), v.defined() ? shape_text(v) : "nothing");
  return v.to(latents.options());
}

at::Tensor SamplerRun::x0(const at::Tensor& latents, int index, int step) const {
  return at::sub(latents, velocity(latents, index, step), sigma(index));
}

void SamplerRun::finish_step(int step, const at::Tensor& latents, const at::Tensor& x0) const {
  if (on_step) {
    on_step({.done = step + 1, .steps = steps(), .sigma = sigma(step + 1), .latents = latents, .x0 = x0});
  }
}

std::span<const SamplerInfo> samplers() { return kInfos; }

at::Tensor sample(std::string_view sampler, const Denoiser& denoiser, const at::Tensor& latents,
                  const Schedule& schedule, const SamplerOptions& options, const StepCallback& on_step) {
  const Sampler& found = find_sampler(sampler);
  require(schedule.sigmas.size() >= 2, "sampler", "expected a schedule of at least 2 sigmas but got {}",
          schedule.sigmas.size());
  for (std::size_t i = 1; i < schedule.sigmas.size(); ++i) {
    require(schedule.sigmas[i] < schedule.sigmas[i - 1], "sampler", "expected falling sigmas but got {} after {}",
            schedule.sigmas[i], schedule.sigmas[i - 1]);
  }
  require(schedule.sigmas.front() <= 1.0 && schedule.sigmas.back() >= 0.0, "sampler",
          "expected sigmas in [0, 1] but got {} to {}", schedule.sigmas.front(), schedule.sigmas.back());
  const c10::NoGradGuard no_grad;
  const auto type = latents.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return found.run({denoiser, schedule, options, on_step}, latents.to(type));
}

}  // namespace hotshot::diffusion
