#include "base/clip.h"

#include "base/error.h"

namespace hotshot {

Frames::Frames(int count_, int height_, int width_) : count(count_), height(height_), width(width_) {
  require(count > 0 && height > 0 && width > 0, "frames",
          "expected a positive count, height and width but got {}x{}x{}", count, height, width);
  pixels.resize(frame_bytes() * static_cast<std::size_t>(count));
}

}  // namespace hotshot
