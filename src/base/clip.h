// Pixels as the outside world sees them: RGB, 8 bits, [time, height, width, channel], and a rational frame rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hotshot {

/// A positive fraction; frames per second where it is a frame rate (24000/1001 is not 23.98).
struct Rational {
  int num = 0;
  int den = 1;
  double value() const { return static_cast<double>(num) / den; }
  bool operator==(const Rational&) const = default;
};

/// Frames in memory, RGB, uint8, frames_thwc, rows contiguous. A picture is frames with count 1.
struct Frames {
  int count = 0;
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> pixels;

  Frames() = default;
  /// All black.
  Frames(int count, int height, int width);

  std::size_t frame_bytes() const { return static_cast<std::size_t>(height) * width * 3; }
  std::uint8_t* frame(int index) { return pixels.data() + frame_bytes() * index; }
  const std::uint8_t* frame(int index) const { return pixels.data() + frame_bytes() * index; }
};

/// Frames with their rate: what a video file holds.
struct Clip {
  Frames frames;
  Rational rate{8, 1};
};

}  // namespace hotshot
