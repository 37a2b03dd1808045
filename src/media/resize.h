// Pictures of another size.
#pragma once

#include "base/clip.h"

namespace hotshot::media {

struct Size {
  int width = 0, height = 0;
};

/// The smallest size with the aspect ratio of `from` that covers `wanted`; unless `enlarge`, `from` itself where that
/// would be larger.
Size covering_size(Size from, Size wanted, bool enlarge);

/// Every frame at height × width (positive). Each axis on its own: area averaging where it shrinks, Lanczos where it
/// grows. The aspect ratio is the caller's affair.
Frames resize(const Frames& frames, int height, int width);

/// Scaled to cover height × width without distortion, then the middle is cut out.
Frames resize_cover(const Frames& frames, int height, int width);

/// The part of every frame that begins at (top, left). Throws InvalidArgument when it does not lie inside.
Frames crop(const Frames& frames, int top, int left, int height, int width);

}  // namespace hotshot::media
