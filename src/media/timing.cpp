#include "media/timing.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace hotshot::media {
namespace {

constexpr int kLargestTerm = 1000000;

}  // namespace

std::vector<std::int64_t> frame_times(int count, Rational rate, int units_per_second) {
  std::vector<std::int64_t> times;
  times.reserve(static_cast<std::size_t>(count) + 1);
  for (std::int64_t i = 0; i <= count; ++i) {
    const std::int64_t twice = 2 * i * units_per_second * rate.den + rate.num;  // round half up: floor(x + 1/2)
    times.push_back(twice / (2 * static_cast<std::int64_t>(rate.num)));
  }
  return times;
}

Rational simplest_between(double low, double high) {
  // Walks the continued fraction of the interval; h and k are the convergents' numerators and denominators.
  std::int64_t h0 = 0, h1 = 1, k0 = 1, k1 = 0;
  for (int depth = 0; depth < 40; ++depth) {
    const double whole = std::ceil(low) <= high ? std::ceil(low) : std::floor(low);
    const auto term = static_cast<std::int64_t>(whole);
    const std::int64_t h2 = term * h1 + h0, k2 = term * k1 + k0;
    if (h2 > kLargestTerm || k2 > kLargestTerm) break;
    h0 = h1, h1 = h2, k0 = k1, k1 = k2;
    if (whole >= low && whole <= high) break;
    const double next_low = 1 / (high - whole), next_high = 1 / (low - whole);
    low = next_low, high = next_high;
  }
  return {static_cast<int>(h1), static_cast<int>(std::max<std::int64_t>(k1, 1))};
}

Rational rate_of_times(const std::vector<std::int64_t>& times, int units_per_second) {
  ensure(times.size() >= 2 && times.back() > times.front(), "timing", "expected increasing times");
  double shortest = 0, longest = 1e18;  // bounds of the frame period in units
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto t = static_cast<double>(times[i] - times.front());
    shortest = std::max(shortest, (t - 0.5) / static_cast<double>(i));
    longest = std::min(longest, (t + 0.5) / static_cast<double>(i));
  }
  const double mean =
      units_per_second * static_cast<double>(times.size() - 1) / static_cast<double>(times.back() - times.front());
  if (shortest > longest || shortest <= 0) return simplest_between(mean * (1 - 1e-4), mean * (1 + 1e-4));
  // The end points themselves count: half a unit is rounded up, and a rate may lie exactly there.
  const double low = units_per_second / longest * (1 - 1e-9), high = units_per_second / shortest * (1 + 1e-9);
  const double nearest = std::round(mean);
  if (nearest >= low && nearest <= high && nearest >= 1) return {static_cast<int>(nearest), 1};
  if (std::floor(high) >= low && std::floor(high) >= 1) return {static_cast<int>(std::floor(high)), 1};
  for (const int base : {24, 30, 48, 60, 120}) {
    const double ntsc = base * 1000.0 / 1001.0;
    if (ntsc >= low && ntsc <= high) return {base * 1000, 1001};
  }
  return simplest_between(low, high);
}

}  // namespace hotshot::media
