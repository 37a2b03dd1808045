// DPM-Solver++ (Lu et al. 2022b): the exact solution of the ODE or the reverse SDE in lambda for a guess of x0 that is
// polynomial over the step.
#include <ATen/ATen.h>

#include <cmath>

#include "diffusion/sampler_run.h"

namespace hotshot::diffusion {
namespace {

constexpr int kFewSteps = 15;  // below this, dpmpp-2m ends with a first-order step

// The step with x0 held: what is kept of the old noise shrinks with it, `fresh` is added.
at::Tensor step_with_data(const at::Tensor& latents, const at::Tensor& x0, const Level& from, const Level& to,
                          double fresh) {
  const double kept = std::sqrt(to.sigma * to.sigma - fresh * fresh) / from.sigma;
  return at::add(latents.mul(kept), x0, to.alpha - kept * from.alpha);
}

}  // namespace

// Midpoint form; with eta the noise decays as the SDE's does (Lu et al. 2022b, section 6, for eta 1).
at::Tensor dpmpp_2m(const SamplerRun& run, at::Tensor latents) {
  at::Tensor last_x0;
  for (int i = 0; i < run.steps(); ++i) {
    const at::Tensor x0 = run.ask(latents, run.level(i), i).x0();
    const double sigma = run.sigma(i + 1), alpha = run.alpha(i + 1);
    const double h = run.lambda(i + 1) - run.lambda(i);
    const double renewed = run.eta > 0.0 ? run.eta * h : 0.0;  // h is infinite at the end
    const bool few = run.options.lower_order_final && run.steps() < kFewSteps;
    const bool first_order = i == 0 || (i + 1 == run.steps() && (sigma == 0.0 || few));
    at::Tensor data = x0;
    if (!first_order) {
      const double r = (run.lambda(i) - run.lambda(i - 1)) / h;
      data = at::add(x0, at::sub(x0, last_x0), 0.5 / r);
    }
    const double kept = sigma / run.sigma(i) * std::exp(-renewed);
    latents = at::add(latents.mul(kept), data, -alpha * std::expm1(-h - renewed));
    if (renewed > 0.0 && sigma > 0.0) {
      latents = at::add(latents, run.draw(latents, i), sigma * std::sqrt(-std::expm1(-2.0 * renewed)));
    }
    run.finish_step(i, latents, x0);
    last_x0 = x0;
  }
  return latents;
}

// Two stages: halfway in lambda for a second guess of x0, then the whole step with that guess. Both draw from one
// Brownian motion in sigma / alpha, of which the share before halfway is 1 / (1 + e^{-h/2}).
at::Tensor dpmpp_sde(const SamplerRun& run, at::Tensor latents) {
  for (int i = 0; i < run.steps(); ++i) {
    const Level from = run.level(i), to = run.level(i + 1);
    const at::Tensor x0 = run.ask(latents, from, i).x0();
    at::Tensor next;
    if (to.sigma == 0.0) {
      next = x0;
    } else {
      const Level middle = run.between(from, to);
      const double fresh = fresh_noise(from, to, run.eta), fresh_middle = fresh_noise(from, middle, run.eta);
      at::Tensor halfway = step_with_data(latents, x0, from, middle, fresh_middle), first;
      if (fresh > 0.0) {
        first = run.draw(latents, i, 0);
        halfway = at::add(halfway, first, fresh_middle);
      }
      next = step_with_data(latents, run.ask(halfway, middle, i, 1).x0(), from, to, fresh);
      if (fresh > 0.0) {
        const double share = 1.0 / (1.0 + std::exp(-0.5 * (to.lambda() - from.lambda())));
        next = at::add(next, first, fresh * std::sqrt(share));
        next = at::add(next, run.draw(latents, i, 1), fresh * std::sqrt(1.0 - share));
      }
    }
    latents = next;
    run.finish_step(i, latents, x0);
  }
  return latents;
}

}  // namespace hotshot::diffusion
