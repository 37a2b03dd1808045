// Internal to diffusion.
#pragma once

namespace hotshot::diffusion {

/// Where the symmetric beta distribution of shape `a` > 0 has the share `probability` in [0, 1] below it, to 1e-12.
double beta_quantile(double probability, double a);

}  // namespace hotshot::diffusion
