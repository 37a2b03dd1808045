#include "evaluation/fidelity.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"

namespace hotshot::evaluation {

Fidelity fidelity(const Frames& original, const Frames& copy) {
  require(original.count == copy.count && original.pixels.size() == copy.pixels.size() && !copy.pixels.empty(),
          "fidelity", "expected clips of one shape but got {} and {} bytes", original.pixels.size(),
          copy.pixels.size());
  const std::size_t frame = original.frame_bytes(), total = original.pixels.size();
  double squares = 0, changes = 0;
  for (std::size_t i = 0; i < total; ++i) {
    const int error = copy.pixels[i] - original.pixels[i];
    squares += error * error;
    if (i >= frame) changes += std::abs(error - (copy.pixels[i - frame] - original.pixels[i - frame]));
  }
  Fidelity result;
  result.psnr = std::min(100.0, 10 * std::log10(255.0 * 255.0 * static_cast<double>(total) / std::max(squares, 1e-9)));
  if (original.count > 1) result.flicker = changes / static_cast<double>(total - frame);
  return result;
}

}  // namespace hotshot::evaluation
