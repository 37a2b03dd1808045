#include "diffusion/density.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/schedule.h"

namespace hotshot::diffusion {
namespace {

constexpr double kLowestWeighted = 1e-3;  // sigma^-2 has no bound
constexpr double kSnrLimit = 5.0;

// Two uniforms in the open interval (0, 1).
struct Uniforms {
  double first, second;
};

double logit_normal(const DensityOptions& options, Uniforms u) {
  const double normal = std::sqrt(-2.0 * std::log(u.first)) * std::cos(2.0 * std::numbers::pi * u.second);
  return 1.0 / (1.0 + std::exp(-(options.mean + options.std * normal)));
}

double mode(const DensityOptions& options, Uniforms u) {
  const double cosine = std::cos(std::numbers::pi / 2.0 * u.first);
  return 1.0 - u.first - options.mode_scale * (cosine * cosine - 1.0 + u.first);
}

double uniform(const DensityOptions&, Uniforms u) { return u.first; }

struct Density {
  std::string_view name;
  double (*sigma)(const DensityOptions& options, Uniforms u);
};

constexpr std::array<Density, 3> kDensities = {{{"logit-normal", logit_normal}, {"mode", mode}, {"uniform", uniform}}};

at::Tensor weight_uniform(const at::Tensor& sigma_b) { return at::ones_like(sigma_b); }
at::Tensor weight_sigma_sqrt(const at::Tensor& sigma_b) { return sigma_b.pow(-2); }
at::Tensor weight_cosmap(const at::Tensor& sigma_b) {
  return 2.0 / (std::numbers::pi * (1.0 - 2.0 * sigma_b + 2.0 * sigma_b.square()));
}
at::Tensor weight_x0(const at::Tensor& sigma_b) { return sigma_b.square(); }
at::Tensor weight_min_snr(const at::Tensor& sigma_b) {
  return sigma_b.square() * ((1.0 - sigma_b) / sigma_b).square().clamp_max(kSnrLimit);
}

struct Weighting {
  std::string_view name;
  at::Tensor (*weight)(const at::Tensor& sigma_b);
};

constexpr std::array<Weighting, 5> kWeightings = {{{"uniform", weight_uniform},
                                                   {"sigma-sqrt", weight_sigma_sqrt},
                                                   {"cosmap", weight_cosmap},
                                                   {"x0", weight_x0},
                                                   {"min-snr", weight_min_snr}}};

const Density& find_density(const DensityOptions& options) {
  require(options.std > 0.0, "density", "expected std above 0 but got {}", options.std);
  require(options.shift > 0.0, "density", "expected shift above 0 but got {}", options.shift);
  std::vector<std::string> known;
  for (const Density& density : kDensities) {
    if (density.name == options.density) return density;
    known.emplace_back(density.name);
  }
  throw_unknown("density", options.density, known);
}

double draw(const Density& density, const DensityOptions& options, const Random& random, std::uint64_t sample) {
  const auto bits = random.block(sample);
  const auto open_unit = [](std::uint32_t value) { return (value + 0.5) * 0x1p-32; };
  const double sigma = density.sigma(options, {open_unit(bits[0]), open_unit(bits[1])});
  return shift_sigma(std::clamp(sigma, 0.0, 1.0), options.shift);
}

// Steps are streams of their own, so that no step shares a number with another.
Random stream_of(std::uint64_t seed, std::uint64_t step) { return Random(seed, stream_id("training sigma") + step); }

}  // namespace

FieldList DensityOptions::fields() {
  return {{"density", "density of sigma: logit-normal, mode or uniform", &density},
          {"mean", "logit-normal: mean of logit(sigma)", &mean, {-10, 10}},
          {"std", "logit-normal: standard deviation of logit(sigma)", &std, {1e-3, 10}},
          {"mode_scale", "mode: how much the middle is favoured", &mode_scale, {-1, 2 / (std::numbers::pi - 2)}},
          {"shift", "moves the noise levels towards noise", &shift, {0.01, 100}},
          {"frame_power", "the shift of t latent frames is shift t^frame_power", &frame_power, {0, 1}},
          {"weighting", "weight of the loss: uniform, sigma-sqrt, cosmap, x0 or min-snr", &weighting}};
}

DensityOptions DensityOptions::of_frames(std::int64_t latent_frames) const {
  DensityOptions options = *this;
  options.shift *= std::pow(static_cast<double>(latent_frames), frame_power);
  options.frame_power = 0.0;
  return options;
}

double sample_sigma(const DensityOptions& options, std::uint64_t seed, std::uint64_t step, std::uint64_t sample) {
  return draw(find_density(options), options, stream_of(seed, step), sample);
}

at::Tensor sample_sigmas(const DensityOptions& options, std::uint64_t seed, std::uint64_t step,
                         std::uint64_t first_sample, int batch) {
  const Density& density = find_density(options);
  const Random random = stream_of(seed, step);
  at::Tensor sigma_b = at::empty({batch}, at::kFloat);
  float* out = sigma_b.data_ptr<float>();
  for (int i = 0; i < batch; ++i) out[i] = static_cast<float>(draw(density, options, random, first_sample + i));
  return sigma_b;
}

std::vector<std::string> weightings() {
  std::vector<std::string> names;
  for (const Weighting& weighting : kWeightings) names.emplace_back(weighting.name);
  return names;
}

at::Tensor loss_weight(std::string_view weighting, const at::Tensor& sigma_b) {
  for (const Weighting& row : kWeightings) {
    if (row.name == weighting) return row.weight(sigma_b.to(at::kFloat).clamp_min(kLowestWeighted));
  }
  throw_unknown("weighting", weighting, weightings());
}

at::Tensor timesteps_of(const at::Tensor& sigma_b, int train_timesteps) {
  return sigma_b.to(at::kFloat) * static_cast<double>(train_timesteps);
}

}  // namespace hotshot::diffusion
