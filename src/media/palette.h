// Reducing true colour to at most 256 colours for GIF: one palette for all frames, chosen in Oklab (Ottosson 2020),
// where distances follow the eye.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clip.h"

namespace hotshot::media {

using Rgb = std::array<std::uint8_t, 3>;

/// A palette and, for every colour cell (6 bits a channel) that occurs, the one or two entries that show its colours.
/// Which of two a pixel takes depends on its colour and its place alone (an 8×8 Bayer matrix), so still parts stay
/// still.
class Palette {
 public:
  /// At most `colours` (2..256) entries fitted to all frames by weighted variance cuts, then Lloyd iterations.
  /// Without `dither` every colour takes its nearest entry.
  Palette(const Frames& frames, int colours, bool dither);

  const std::vector<Rgb>& entries() const { return entries_; }
  /// Palette indices of a frame_hwc, row by row. Only for frames the palette was made from.
  std::vector<std::uint8_t> map(const std::uint8_t* frame_hwc, int height, int width) const;

 private:
  struct Mix {
    std::uint8_t first = 0;
    std::uint8_t second = 0;
    // A pixel's share of the second is base + slope · rgb.
    float base = 0;
    std::array<float, 3> slope{};
  };
  /// The best way to show `mean` with `first`, its nearest entry, and perhaps another.
  Mix best_mix(const std::array<float, 3>& mean, int first) const;
  std::vector<Rgb> entries_;
  std::vector<Mix> mix_of_cell_;
};

}  // namespace hotshot::media
