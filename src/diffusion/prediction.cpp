#include "diffusion/prediction.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"

namespace hotshot::diffusion {
namespace {

double variance_preserving(double alpha, double sigma) { return std::hypot(alpha, sigma); }
double convex(double alpha, double sigma) { return alpha + sigma; }

Mixture say_noise(double, double) { return {.data = 0.0, .noise = 1.0}; }
Mixture say_velocity(double alpha, double sigma) {
  const double norm = std::hypot(alpha, sigma);
  return {.data = -sigma / norm, .noise = alpha / norm};
}
Mixture say_data(double, double) { return {.data = 1.0, .noise = 0.0}; }
Mixture say_flow(double, double) { return {.data = -1.0, .noise = 1.0}; }

constexpr std::array<Prediction, 4> kPredictions = {{{"epsilon", variance_preserving, say_noise},
                                                     {"v_prediction", variance_preserving, say_velocity},
                                                     {"sample", variance_preserving, say_data},
                                                     {"flow_prediction", convex, say_flow}}};

}  // namespace

std::span<const Prediction> predictions() { return kPredictions; }

const Prediction& find_prediction(std::string_view name) {
  std::vector<std::string> known;
  for (const Prediction& prediction : kPredictions) {
    if (prediction.name == name) return prediction;
    known.emplace_back(prediction.name);
  }
  throw_unknown("prediction_type", name, known);
}

// x = alpha x0 + sigma eps and F = p x0 + q eps are two equations with the determinant alpha q - sigma p. In extended
// precision, so that what is exact in flow matching (1, sigma' - sigma) comes out exact.
Reading read_mixture(const Prediction& prediction, double alpha, double sigma, const Mixture& wanted) {
  const Mixture target = prediction.target(alpha, sigma);
  const long double p = target.data, q = target.noise, a = wanted.data, b = wanted.noise;
  const long double determinant = alpha * q - sigma * p;
  return {.latents = static_cast<double>((a * q - b * p) / determinant),
          .answer = static_cast<double>((b * alpha - a * sigma) / determinant)};
}

}  // namespace hotshot::diffusion
