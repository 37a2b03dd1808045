// What a network answers. Latents at a noise level are x = alpha x0 + sigma eps; the network sees x / norm and says one
// mixture of the data and the noise in it,
//   F = p x0 + q eps.
// These two equations give x0, eps and every other mixture of them (Karras et al. 2022, section 5, writes the same as
// c_in, c_skip and c_out).
#pragma once

#include <span>
#include <string_view>

namespace hotshot::diffusion {

/// data * x0 + noise * eps.
struct Mixture {
  double data = 0.0;
  double noise = 0.0;
};

/// One way to answer; alpha >= 0 and sigma > 0 are those of the latents, in any scale.
struct Prediction {
  std::string_view name;                          // as in diffusers' prediction_type
  double (*norm)(double alpha, double sigma);     // the network sees latents / norm
  Mixture (*target)(double alpha, double sigma);  // p, q
};

/// "epsilon" eps (Ho et al. 2020); "v_prediction" alpha eps - sigma x0 where alpha^2 + sigma^2 = 1 (Salimans & Ho 2022,
/// appendix D); "sample" x0; "flow_prediction" eps - x0, on latents scaled to alpha + sigma = 1.
std::span<const Prediction> predictions();

/// Throws InvalidArgument, listing the known names.
const Prediction& find_prediction(std::string_view name);

/// A mixture as read off latents and answer: latents * x + answer * F.
struct Reading {
  double latents = 0.0;
  double answer = 0.0;
};

/// Solves for a mixture of x0 and eps. Not finite where the answer does not determine it: epsilon at alpha 0.
Reading read_mixture(const Prediction& prediction, double alpha, double sigma, const Mixture& wanted);

}  // namespace hotshot::diffusion
