// Data whose best network is known in closed form, for the tests of samplers.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "diffusion/prediction.h"
#include "diffusion/sampler.h"

namespace hotshot::diffusion {

/// Data N(mean, deviation^2) in every element: x(sigma) = alpha mean + spread(sigma) z along a trajectory.
struct Gaussian {
  double mean = 1.0;
  double deviation = 0.5;
  double fade = 1.0;  // of the schedule

  double alpha(double sigma) const { return 1.0 - fade * sigma; }
  double spread(double sigma) const { return std::hypot(alpha(sigma) * deviation, sigma); }
  at::Tensor position(const at::Tensor& z, double sigma) const { return z * spread(sigma) + alpha(sigma) * mean; }
};

/// What the best network says of such data: the mean of its target given the latents.
inline Denoiser ideal(const Gaussian& data, const std::string& prediction = "flow_prediction") {
  return [=](const at::Tensor& input, const DenoiserCall& call) {
    const Prediction& row = find_prediction(prediction);
    const double alpha = data.alpha(call.sigma), sigma = call.sigma, variance = std::pow(data.spread(sigma), 2);
    const at::Tensor off = input * row.norm(alpha, sigma) - alpha * data.mean;
    const at::Tensor x0 = data.mean + alpha * data.deviation * data.deviation / variance * off;
    const at::Tensor eps = sigma / variance * off;
    const Mixture target = row.target(alpha, sigma);
    return target.data * x0 + target.noise * eps;
  };
}

/// A run between two noise levels where the path is smooth, in `steps` equal parts, for a model of either family.
struct Family {
  std::string prediction;
  double fade, from, to;

  Schedule schedule(int steps) const {
    Schedule schedule{.fade = fade, .prediction = prediction};
    for (int i = 0; i <= steps; ++i) schedule.sigmas.push_back(from + (to - from) * i / steps);
    return schedule;
  }
};

/// Flow matching, and the three predictions of discrete models. From 0.9 to 0.2 the error of the first step of dpmpp-2m
/// happens to cancel that of the others; to 0.1 it does not.
inline std::vector<Family> families() {
  return {{"flow_prediction", 1.0, 0.9, 0.1},
          {"epsilon", 0.0, 2.0, 0.2},
          {"v_prediction", 0.0, 2.0, 0.2},
          {"sample", 0.0, 2.0, 0.2}};
}

inline at::Tensor some_latents() { return at::linspace(-2.0, 2.0, 24, at::kDouble).reshape({1, 2, 3, 2, 2}); }

}  // namespace hotshot::diffusion
