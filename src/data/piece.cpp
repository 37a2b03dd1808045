#include "data/piece.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"

namespace hotshot::data {
namespace {

struct Corner {
  int x = 0;
  int y = 0;
};

const std::uint8_t* row(const Frames& clip, int t, Corner corner, int y) {
  return clip.frame(t) + (static_cast<std::size_t>(corner.y + y) * clip.width + corner.x) * 3;
}

// The sum of absolute differences between neighbouring frames.
std::int64_t liveliness(const Frames& clip, Corner corner, int size) {
  std::int64_t sum = 0;
  for (int t = 1; t < clip.count; ++t) {
    for (int y = 0; y < size; ++y) {
      const auto *now = row(clip, t, corner, y), *before = row(clip, t - 1, corner, y);
      for (int i = 0; i < size * 3; ++i) sum += std::abs(now[i] - before[i]);
    }
  }
  return sum;
}

}  // namespace

Frames cut_piece(const Frames& clip, int size, int tries, Random& random) {
  require(size >= 1 && size <= clip.width && size <= clip.height && tries >= 1, "piece",
          "expected a size of 1 to {} and at least 1 try but got {} and {}", std::min(clip.width, clip.height), size,
          tries);
  Corner best;
  for (std::int64_t attempt = 0, most = -1; attempt < tries; ++attempt) {
    const Corner corner{static_cast<int>(random.below(static_cast<std::uint32_t>(clip.width - size + 1))),
                        static_cast<int>(random.below(static_cast<std::uint32_t>(clip.height - size + 1)))};
    const std::int64_t lively = tries > 1 ? liveliness(clip, corner, size) : 0;
    if (lively > most) most = lively, best = corner;
  }
  Frames piece(clip.count, size, size);
  for (int t = 0; t < clip.count; ++t) {
    for (int y = 0; y < size; ++y) {
      std::copy_n(row(clip, t, best, y), size * 3, piece.frame(t) + static_cast<std::size_t>(y) * size * 3);
    }
  }
  return piece;
}

}  // namespace hotshot::data
