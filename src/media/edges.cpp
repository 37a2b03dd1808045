#include "media/edges.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/error.h"

namespace hotshot::media {
namespace {

struct Slope {
  int x = 0, y = 0;
  int size() const { return std::abs(x) + std::abs(y); }
};

/// One frame as a function of place; beyond its borders it goes on as at them.
class Picture {
 public:
  Picture(const Frames& frames, int index)
      : pixels_(frames.frame(index)), height_(frames.height), width_(frames.width) {}

  int value(int y, int x, int channel) const {
    y = std::clamp(y, 0, height_ - 1), x = std::clamp(x, 0, width_ - 1);
    return pixels_[(static_cast<std::size_t>(y) * width_ + x) * 3 + channel];
  }
  // ITU-R BT.601, in 256ths.
  int luminance(int y, int x) const { return (77 * value(y, x, 0) + 150 * value(y, x, 1) + 29 * value(y, x, 2)) >> 8; }

 private:
  const std::uint8_t* pixels_;
  int height_, width_;
};

// Sobel's filters at one place.
template <class Value>
Slope sobel(const Value& value, int y, int x) {
  const auto column = [&](int dx) { return value(y - 1, x + dx) + 2 * value(y, x + dx) + value(y + 1, x + dx); };
  const auto row = [&](int dy) { return value(y + dy, x - 1) + 2 * value(y + dy, x) + value(y + dy, x + 1); };
  return {column(1) - column(-1), row(1) - row(-1)};
}

/// Slopes of a frame, none beyond its borders.
class SlopeMap {
 public:
  SlopeMap(const Frames& frames, int index) : height_(frames.height), width_(frames.width) {
    const Picture picture(frames, index);
    slopes_.resize(static_cast<std::size_t>(height_) * width_);
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        Slope& strongest = slopes_[static_cast<std::size_t>(y) * width_ + x];
        for (int channel = 0; channel < 3; ++channel) {
          const Slope slope = sobel([&](int v, int u) { return picture.value(v, u, channel); }, y, x);
          if (channel == 0 || slope.size() > strongest.size()) strongest = slope;
        }
      }
    }
  }

  Slope at(int y, int x) const { return slopes_[static_cast<std::size_t>(y) * width_ + x]; }
  int size(int y, int x) const { return y < 0 || x < 0 || y >= height_ || x >= width_ ? 0 : at(y, x).size(); }

  // Whether the slope is the largest across its edge, in one of four directions (sectors of 45°).
  bool is_ridge(int y, int x) const {
    constexpr int kShift = 15;
    constexpr int kTan22 = 13573;  // tan(22.5°) · 2^15
    const Slope slope = at(y, x);
    const std::int64_t dx = std::abs(slope.x), dy = static_cast<std::int64_t>(std::abs(slope.y)) << kShift;
    const std::int64_t flat = dx * kTan22, steep = flat + (dx << (kShift + 1));
    const int here = slope.size();
    if (dy < flat) return here > size(y, x - 1) && here >= size(y, x + 1);
    if (dy > steep) return here > size(y - 1, x) && here >= size(y + 1, x);
    const int side = (slope.x ^ slope.y) < 0 ? -1 : 1;
    return here > size(y - 1, x - side) && here > size(y + 1, x + side);
  }

 private:
  int height_, width_;
  std::vector<Slope> slopes_;
};

void paint(Frames& out, int index, int y, int x, int value) {
  std::fill_n(out.frame(index) + (static_cast<std::size_t>(y) * out.width + x) * 3, 3,
              static_cast<std::uint8_t>(value));
}

}  // namespace

Frames canny(const Frames& frames, int low, int high) {
  require(0 <= low && low <= high && high <= 2040, "canny", "expected 0 <= low <= high <= 2040 but got {} and {}", low,
          high);
  Frames out(frames.count, frames.height, frames.width);
  for (int index = 0; index < frames.count; ++index) {
    const SlopeMap map(frames, index);
    std::vector<char> candidate(static_cast<std::size_t>(frames.height) * frames.width, 0);
    std::vector<std::pair<int, int>> open;  // edges whose neighbours are still to be looked at
    const auto keep = [&](int y, int x) {
      candidate[static_cast<std::size_t>(y) * frames.width + x] = 0;
      paint(out, index, y, x, 255);
      open.emplace_back(y, x);
    };
    for (int y = 0; y < frames.height; ++y) {
      for (int x = 0; x < frames.width; ++x) {
        candidate[static_cast<std::size_t>(y) * frames.width + x] = map.size(y, x) > low && map.is_ridge(y, x);
      }
    }
    for (int y = 0; y < frames.height; ++y) {
      for (int x = 0; x < frames.width; ++x) {
        if (candidate[static_cast<std::size_t>(y) * frames.width + x] && map.size(y, x) > high) keep(y, x);
      }
    }
    while (!open.empty()) {
      const auto [y, x] = open.back();
      open.pop_back();
      for (int v = std::max(0, y - 1); v <= std::min(frames.height - 1, y + 1); ++v) {
        for (int u = std::max(0, x - 1); u <= std::min(frames.width - 1, x + 1); ++u) {
          if (candidate[static_cast<std::size_t>(v) * frames.width + u]) keep(v, u);
        }
      }
    }
  }
  return out;
}

Frames soft_edges(const Frames& frames) {
  Frames out(frames.count, frames.height, frames.width);
  for (int index = 0; index < frames.count; ++index) {
    const Picture picture(frames, index);
    for (int y = 0; y < frames.height; ++y) {
      for (int x = 0; x < frames.width; ++x) {
        const Slope slope = sobel([&](int v, int u) { return picture.luminance(v, u); }, y, x);
        const double size = std::hypot(slope.x, slope.y) / 4;
        paint(out, index, y, x, static_cast<int>(std::min(255.0, std::round(size))));
      }
    }
  }
  return out;
}

}  // namespace hotshot::media
