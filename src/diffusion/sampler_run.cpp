#include "diffusion/sampler_run.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

std::string shape_text(const at::Tensor& tensor) {
  return tensor.defined() ? fmt::format("[{}]", fmt::join(tensor.sizes(), ", ")) : "nothing";
}

void same_shape(const char* what, const at::Tensor& got, const at::Tensor& wanted) {
  ensure(got.defined() && got.sizes() == wanted.sizes(), "sampler", "expected {} of shape {} but got {}", what,
         shape_text(wanted), shape_text(got));
}

}  // namespace

double Level::lambda() const { return std::log(std::max(alpha, 1e-6)) - std::log(sigma); }

Guess::Guess(at::Tensor latents, at::Tensor input, at::Tensor answer, const Level& level, const Prediction& prediction)
    : latents_(std::move(latents)),
      input_(std::move(input)),
      answer_(std::move(answer)),
      level_(level),
      prediction_(prediction) {}

at::Tensor Guess::mix(double data, double noise) const {
  const Reading reading = read_mixture(prediction_, level_.alpha, level_.sigma, {data, noise});
  return at::add(latents_.mul(reading.latents), answer_, reading.answer);
}

Level SamplerRun::level(int index) const { return {alpha(index), sigma(index), schedule.timestep(index)}; }

Level SamplerRun::between(const Level& from, const Level& to) const {
  const double noise_to_data = std::exp(-0.5 * (from.lambda() + to.lambda()));
  const double sigma = noise_to_data / (1.0 + schedule.fade * noise_to_data);
  return {1.0 - schedule.fade * sigma, sigma, schedule.timestep_of(sigma)};
}

Guess SamplerRun::ask(const at::Tensor& latents, const Level& level, int step, int call) const {
  const at::Tensor input = latents.mul(1.0 / prediction.norm(level.alpha, level.sigma));
  const at::Tensor answer =
      denoiser(input, {.step = step, .call = call, .sigma = level.sigma, .timestep = level.timestep});
  same_shape("an answer", answer, latents);
  return {latents, input, answer.to(latents.options()), level, prediction};
}

at::Tensor SamplerRun::draw(const at::Tensor& latents, int step, int call) const {
  ensure(static_cast<bool>(noise), "sampler", "expected a noise source for eta {} but got none", eta);
  const at::Tensor drawn = noise(latents, step, call);
  same_shape("noise", drawn, latents);
  return drawn.to(latents.options());
}

void SamplerRun::finish_step(int step, const at::Tensor& latents, const at::Tensor& x0) const {
  if (on_step) {
    on_step({.done = step + 1, .steps = steps(), .sigma = sigma(step + 1), .latents = latents, .x0 = x0});
  }
}

double fresh_noise(const Level& from, const Level& to, double eta) {
  if (eta == 0.0 || to.sigma == 0.0) return 0.0;
  return eta * to.sigma * std::sqrt(-std::expm1(-2.0 * (to.lambda() - from.lambda())));
}

}  // namespace hotshot::diffusion
