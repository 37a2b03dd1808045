#include "diffusion/ddpm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "diffusion/path.h"
#include "diffusion/prediction.h"

namespace hotshot::diffusion {
namespace {

// alpha and sigma of each sample, alpha^2 + sigma^2 = 1.
struct Levels {
  std::vector<double> alphas, sigmas;
};

Levels levels_at(const NoiseTable& table, const at::Tensor& timestep_b) {
  ensure(timestep_b.dim() == 1 && timestep_b.scalar_type() == at::kLong, "ddpm",
         "expected timestep_b [b] int64 but got {} axes", timestep_b.dim());
  const at::Tensor timesteps = timestep_b.cpu().contiguous();
  Levels levels;
  for (std::int64_t i = 0; i < timesteps.size(0); ++i) {
    const std::int64_t t = timesteps.data_ptr<std::int64_t>()[i];
    ensure(t >= 0 && t < table.size(), "ddpm", "expected timesteps from 0 to {} but got {}", table.size() - 1, t);
    const double alpha_bar = table.alpha_bar(static_cast<int>(t));
    levels.alphas.push_back(std::sqrt(alpha_bar));
    levels.sigmas.push_back(std::sqrt(1.0 - alpha_bar));
  }
  return levels;
}

at::Tensor doubles(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

}  // namespace

at::Tensor sample_timesteps(const NoiseTable& table, std::uint64_t seed, std::uint64_t step, std::uint64_t first_sample,
                            int batch) {
  const Random random(seed, stream_id("training timestep") + step);
  at::Tensor timestep_b = at::empty({batch}, at::kLong);
  for (int i = 0; i < batch; ++i) {
    const std::uint64_t bits = random.block(first_sample + static_cast<std::uint64_t>(i))[0];
    timestep_b.data_ptr<std::int64_t>()[i] =
        static_cast<std::int64_t>((bits * static_cast<std::uint64_t>(table.size())) >> 32);
  }
  return timestep_b;
}

at::Tensor add_noise(const NoiseTable& table, const at::Tensor& x0, const at::Tensor& eps,
                     const at::Tensor& timestep_b) {
  const Levels levels = levels_at(table, timestep_b);
  return mix(x0, eps, doubles(levels.alphas), doubles(levels.sigmas));
}

at::Tensor training_target(const NoiseTable& table, std::string_view prediction, const at::Tensor& x0,
                           const at::Tensor& eps, const at::Tensor& timestep_b) {
  const Prediction& row = find_prediction(prediction);
  Levels levels = levels_at(table, timestep_b);
  for (std::size_t i = 0; i < levels.alphas.size(); ++i) {
    const Mixture target = row.target(levels.alphas[i], levels.sigmas[i]);
    levels.alphas[i] = target.data;
    levels.sigmas[i] = target.noise;
  }
  return mix(x0, eps, doubles(levels.alphas), doubles(levels.sigmas));
}

at::Tensor min_snr_weight(const NoiseTable& table, std::string_view prediction, const at::Tensor& timestep_b,
                          double gamma) {
  require(gamma > 0.0, "min-snr", "expected a gamma above 0 but got {}", gamma);
  const Prediction& row = find_prediction(prediction);
  const Levels levels = levels_at(table, timestep_b);
  std::vector<double> weights;
  for (std::size_t i = 0; i < levels.alphas.size(); ++i) {
    const double alpha = levels.alphas[i], sigma = levels.sigmas[i];
    const double x0_per_answer = read_mixture(row, alpha, sigma, {.data = 1.0, .noise = 0.0}).answer;
    weights.push_back(std::min(alpha * alpha / (sigma * sigma), gamma) * x0_per_answer * x0_per_answer);
  }
  return doubles(weights).to(at::kFloat);
}

at::Tensor offset_noise(const at::Tensor& eps, double strength, std::uint64_t seed, std::uint64_t step,
                        std::uint64_t first_sample) {
  ensure(eps.dim() >= 2, "offset noise", "expected [b, c, …] but got {} axes", eps.dim());
  const std::int64_t batch = eps.size(0), channels = eps.size(1), before = static_cast<std::int64_t>(first_sample);
  at::Tensor offsets = at::empty({before + batch, channels}, at::kFloat);
  Random(seed, stream_id("offset noise") + step)
      .fill_normal(offsets.data_ptr<float>(), static_cast<std::size_t>(offsets.numel()));
  std::vector<std::int64_t> shape(eps.dim(), 1);
  shape[0] = batch;
  shape[1] = channels;
  return at::add(eps, offsets.narrow(0, before, batch).view(shape).to(eps.options()), strength);
}

}  // namespace hotshot::diffusion
