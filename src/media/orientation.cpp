#include "media/orientation.h"

#include <cstring>

namespace hotshot::media {
namespace {

int sign(std::int32_t value) { return (value > 0) - (value < 0); }

/// {a, b, c, d} of `turns` quarter turns clockwise behind a flip.
std::array<int, 4> matrix_of(int turns, bool mirrored) {
  std::array<int, 4> m{mirrored ? -1 : 1, 0, 0, 1};
  // A turn takes (x, y) to (-y, x).
  for (int i = 0; i < turns; ++i) m = {-m[1], m[0], -m[3], m[2]};
  return m;
}

}  // namespace

Orientation Orientation::of_matrix(std::array<std::int32_t, 4> abcd) {
  const std::array<int, 4> signs{sign(abcd[0]), sign(abcd[1]), sign(abcd[2]), sign(abcd[3])};
  for (const bool mirrored : {false, true}) {
    for (int turns = 0; turns < 4; ++turns) {
      if (matrix_of(turns, mirrored) == signs) return Orientation(turns * 90, mirrored);
    }
  }
  return {};
}

Orientation Orientation::of_exif(int value) {
  switch (value) {
    case 2:
      return {0, true};
    case 3:
      return {180, false};
    case 4:
      return {180, true};
    case 5:
      return {270, true};
    case 6:
      return {90, false};
    case 7:
      return {90, true};
    case 8:
      return {270, false};
    default:
      return {};
  }
}

Frames Orientation::apply(Frames frames) const {
  if (quarter_turns_ == 0 && !mirrored_) return frames;
  const auto [a, b, c, d] = matrix_of(quarter_turns_, mirrored_);
  Frames out = swaps_axes() ? Frames(frames.count, frames.width, frames.height)
                            : Frames(frames.count, frames.height, frames.width);
  // Where negative coordinates would come out, the picture is moved back into view.
  const int x0 = (a < 0 || c < 0) ? out.width - 1 : 0, y0 = (b < 0 || d < 0) ? out.height - 1 : 0;
  for (int i = 0; i < frames.count; ++i) {
    const std::uint8_t* from = frames.frame(i);
    for (int y = 0; y < frames.height; ++y) {
      for (int x = 0; x < frames.width; ++x, from += 3) {
        const int u = a * x + c * y + x0, v = b * x + d * y + y0;
        std::memcpy(out.frame(i) + (static_cast<std::size_t>(v) * out.width + u) * 3, from, 3);
      }
    }
  }
  return out;
}

}  // namespace hotshot::media
