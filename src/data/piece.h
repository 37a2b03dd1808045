// Square pieces of clips, for networks that need not see whole ones.
#pragma once

#include "base/clip.h"
#include "base/random.h"

namespace hotshot::data {

/// A square of size × size pixels (at most the clip's) over all frames, the liveliest of `tries` random places (at
/// least 1): where neighbouring frames differ most. Most of a scene stands still and is learned first.
Frames cut_piece(const Frames& clip, int size, int tries, Random& random);

}  // namespace hotshot::data
