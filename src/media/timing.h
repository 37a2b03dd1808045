// Between a rational frame rate and the whole time units (1/100 s in GIF, 1 ms in WebP) that files can say.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clip.h"

namespace hotshot::media {

/// When frames 0..count begin (count + 1 values, the last is the end), in units of 1/units_per_second s, each rounded
/// to the nearest unit (half up) from the exact time, so errors never add up: 8 fps in 1/100 s gives 0 13 25 38 50 …
std::vector<std::int64_t> frame_times(int count, Rational rate, int units_per_second);

/// The inverse: the simplest rate whose rounded frame times are `times` (an integer if one fits, then an NTSC rate
/// n·1000/1001, then the fraction with the smallest denominator); for uneven times, the mean rate.
/// `times` as frame_times returns them, at least 2, the last after the first.
Rational rate_of_times(const std::vector<std::int64_t>& times, int units_per_second);

/// The simplest fraction in [low, high], 0 < low <= high (Stern–Brocot).
Rational simplest_between(double low, double high);

}  // namespace hotshot::media
