// How well an autoencoder gives clips back.
#pragma once

#include "base/clip.h"

namespace hotshot::evaluation {

struct Fidelity {
  double psnr = 0;  // dB, of all pixels of all frames; 100 for equal clips
  double flicker =
      0;  // mean |change from frame to frame of (copy - original)|, in steps of 0..255: 0 when still errors stay still
};

/// Of a copy against its original; clips of one shape. Throws InvalidArgument otherwise.
Fidelity fidelity(const Frames& original, const Frames& copy);

}  // namespace hotshot::evaluation
