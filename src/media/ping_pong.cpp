#include "media/ping_pong.h"

#include <algorithm>

namespace hotshot::media {

Frames ping_pong(Frames frames) {
  const int there = frames.count;
  if (there <= 2) return frames;
  frames.count = 2 * there - 2;
  frames.pixels.resize(frames.frame_bytes() * static_cast<std::size_t>(frames.count));
  for (int i = there; i < frames.count; ++i)
    std::copy_n(frames.frame(frames.count - i), frames.frame_bytes(), frames.frame(i));
  return frames;
}

}  // namespace hotshot::media
