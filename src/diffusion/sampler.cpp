#include "diffusion/sampler.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/sampler_run.h"

namespace hotshot::diffusion {
namespace {

// The same data and noise mixed for the next level: x' = alpha' x0 + sigma' eps, which is Euler's x += (sigma' - sigma)
// dx/dsigma on a straight path (DDIM, Song et al. 2021a, eq. 12). With eta a part of the noise is drawn anew, at eta 1
// as in DDPM.
at::Tensor euler(const SamplerRun& run, at::Tensor latents) {
  for (int i = 0; i < run.steps(); ++i) {
    const Level from = run.level(i), to = run.level(i + 1);
    const Guess guess = run.ask(latents, from, i);
    const double fresh = fresh_noise(from, to, run.eta), kept = std::sqrt(to.sigma * to.sigma - fresh * fresh);
    latents = guess.mix(to.alpha, kept);
    if (fresh > 0.0) latents = at::add(latents, run.draw(latents, i), fresh);
    run.finish_step(i, latents, guess.x0());
  }
  return latents;
}

// The mean of the slopes at both ends of the step (Karras et al. 2022, algorithm 1). Order 2; Euler where sigma' is 0.
at::Tensor heun(const SamplerRun& run, at::Tensor latents) {
  for (int i = 0; i < run.steps(); ++i) {
    const Level from = run.level(i), to = run.level(i + 1);
    const double step = to.sigma - from.sigma;
    const Guess guess = run.ask(latents, from, i);
    const at::Tensor slope = guess.mix(-run.schedule.fade, 1.0);
    at::Tensor next = at::add(latents, slope, step);
    if (to.sigma > 0.0) {
      const at::Tensor slope_next = run.ask(next, to, i, 1).mix(-run.schedule.fade, 1.0);
      next = at::add(latents, at::add(slope, slope_next), step / 2.0);
    }
    latents = next;
    run.finish_step(i, latents, guess.x0());
  }
  return latents;
}

// Jumps to the data and back to the next noise level with new noise (Luo et al. 2023, algorithm 2): for models
// distilled to find the data in one call. c_skip and c_out make the answer the input itself at timestep 0.
at::Tensor lcm(const SamplerRun& run, at::Tensor latents) {
  constexpr double kSigmaData = 0.5;
  for (int i = 0; i < run.steps(); ++i) {
    const Guess guess = run.ask(latents, run.level(i), i);
    const double t = run.options.timestep_scaling * run.level(i).timestep, norm = std::hypot(t, kSigmaData);
    const double c_skip = std::pow(kSigmaData / norm, 2), c_out = t / norm;
    const at::Tensor x0 = at::add(guess.input().mul(c_skip), guess.x0(), c_out);
    latents = x0;
    if (run.sigma(i + 1) > 0.0) {
      latents = at::add(x0.mul(run.alpha(i + 1)), run.draw(latents, i), run.sigma(i + 1));
    }
    run.finish_step(i, latents, x0);
  }
  return latents;
}

struct Sampler {
  SamplerInfo info;
  at::Tensor (*run)(const SamplerRun& run, at::Tensor latents);
};

constexpr std::array kSamplers = std::to_array<Sampler>({
    {{"unipc", "one call per step, predicts and corrects; what Wan uses", 1, 2, 0.0, "unipc"}, unipc},
    {{"dpmpp-2m", "one call per step, second order by remembering the last", 1, 2, 0.0, "dpmpp"}, dpmpp_2m},
    {{"dpmpp-2m-sde", "dpmpp-2m with fresh noise in every step", 1, 2, 1.0, "dpmpp"}, dpmpp_2m},
    {{"dpmpp-sde", "two calls per step, fresh noise; rich detail in few steps", 2, 2, 1.0, "euler"}, dpmpp_sde},
    {{"heun", "two calls per step, second order, steady", 2, 2, 0.0, "euler"}, heun},
    {{"euler", "one call per step, the plainest; needs many steps", 1, 1, 0.0, "euler"}, euler},
    {{"euler-ancestral", "euler with fresh noise in every step; what SDXL and Hotshot-XL use", 1, 1, 1.0, "euler"},
     euler},
    {{"ddim", "euler on whole timesteps, with as much fresh noise as eta says", 1, 1, 0.0, "ddim"}, euler},
    {{"lcm", "four to eight steps, for models distilled for it alone", 1, 0, 1.0, "lcm"}, lcm},
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

void check(const Schedule& schedule) {
  const std::vector<double>& sigmas = schedule.sigmas;
  require(sigmas.size() >= 2, "sampler", "expected a schedule of at least 2 sigmas but got {}", sigmas.size());
  for (std::size_t i = 1; i < sigmas.size(); ++i) {
    require(sigmas[i] < sigmas[i - 1], "sampler", "expected falling sigmas but got {} after {}", sigmas[i],
            sigmas[i - 1]);
  }
  require(sigmas.back() >= 0.0 && schedule.fade * sigmas.front() <= 1.0, "sampler",
          "expected sigmas from 0 to {} but got {} to {}", 1.0 / schedule.fade, sigmas.front(), sigmas.back());
}

}  // namespace

FieldList SamplerOptions::fields() {
  return {{"solver_order", "order of unipc: 1, 2 or 3", &solver_order, {1, 3}},
          {"solver_type", "B(h) of unipc: bh1 or bh2", &solver_type},
          {"lower_order_final", "lower the order of the multistep samplers towards the end", &lower_order_final},
          {"disable_corrector", "steps that unipc does not correct", &disable_corrector, {0, 1e6}},
          {"eta", "fresh noise of euler, ddim and dpmpp samplers: 0 none, 1 all", &eta, {0, 1}},
          {"timestep_scaling", "how soon the answer of an lcm model is trusted", &timestep_scaling, {1e-3, 1e6}}};
}

NoiseSource seeded_noise(std::uint64_t seed) {
  return [seed](const at::Tensor& like, int step, int call) {
    const Random random(
        seed, stream_id("sampler-noise") + 2 * static_cast<std::uint64_t>(step) + static_cast<std::uint64_t>(call));
    at::Tensor noise = at::empty(like.sizes(), at::kFloat);
    random.fill_normal(noise.data_ptr<float>(), static_cast<std::size_t>(noise.numel()));
    return noise.to(like.options());
  };
}

at::Tensor noised(const Schedule& schedule, int index, const at::Tensor& x0, const at::Tensor& eps) {
  const double sigma = schedule.sigmas.at(index);
  const auto type = x0.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::add(x0.to(type).mul(1.0 - schedule.fade * sigma), eps.to(x0.device(), type), sigma);
}

std::span<const SamplerInfo> samplers() { return kInfos; }

at::Tensor sample(std::string_view sampler, const Denoiser& denoiser, const at::Tensor& latents,
                  const Schedule& schedule, const SamplerOptions& options, const StepCallback& on_step,
                  const NoiseSource& noise) {
  const Sampler& found = find_sampler(sampler);
  check(schedule);
  const double eta = options.eta.value_or(found.info.eta);
  require(eta >= 0.0 && eta <= 1.0, "sampler", "expected an eta in [0, 1] but got {}", eta);
  const c10::NoGradGuard no_grad;
  const auto type = latents.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return found.run({denoiser, schedule, options, on_step, noise, find_prediction(schedule.prediction), eta},
                   latents.to(type));
}

}  // namespace hotshot::diffusion
