// How a stored picture must be turned to be shown.
#pragma once

#include <array>
#include <cstdint>

#include "base/clip.h"

namespace hotshot::media {

/// One of the eight ways to turn and flip a rectangle: first, where `mirrored`, left and right change places, then the
/// picture is turned clockwise.
class Orientation {
 public:
  Orientation() = default;
  Orientation(int clockwise_degrees, bool mirrored) : quarter_turns_(clockwise_degrees / 90 & 3), mirrored_(mirrored) {}

  /// From the linear part {a, b, c, d} of a display matrix as MP4 has it: (x, y) is shown at (a·x + c·y, b·x + d·y),
  /// y downwards, any positive scale. A matrix that is none of the eight (skewed, a turn by 30°) is ignored.
  static Orientation of_matrix(std::array<std::int32_t, 4> abcd);
  /// From Exif's value 1 to 8; other values turn nothing.
  static Orientation of_exif(int value);

  int degrees() const { return quarter_turns_ * 90; }
  bool mirrored() const { return mirrored_; }
  bool swaps_axes() const { return quarter_turns_ & 1; }
  /// Every frame as shown.
  Frames apply(Frames frames) const;

 private:
  int quarter_turns_ = 0;
  bool mirrored_ = false;
};

}  // namespace hotshot::media
