// Edge pictures of frames: what edge-guided ControlNets were trained on. White edges on black, of the frames' size.
#pragma once

#include "base/clip.h"

namespace hotshot::media {

/// Thin edges (Canny 1986) as OpenCV draws them: 3×3 Sobel slopes of the channel with the strongest one, |dx| + |dy|,
/// thinned across the edge; kept where above `high`, or above `low` and connected to such. 0 ≤ low ≤ high ≤ 2040.
/// Throws InvalidArgument for other thresholds.
Frames canny(const Frames& frames, int low = 100, int high = 200);

/// Soft edges: the Sobel slope of luminance, |(dx, dy)| / 4 clipped to 255, for networks trained on drawings of unequal
/// strength.
Frames soft_edges(const Frames& frames);

}  // namespace hotshot::media
