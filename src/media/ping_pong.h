// Clips that go forwards, then backwards.
#pragma once

#include "base/clip.h"

namespace hotshot::media {

/// The n frames in order, then those between the two ends in reverse order: 2n − 2, so that a player that loops shows
/// no frame twice. One or two frames are already so.
Frames ping_pong(Frames frames);

}  // namespace hotshot::media
