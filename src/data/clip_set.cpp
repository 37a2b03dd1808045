#include "data/clip_set.h"

#include "base/digest.h"
#include "base/error.h"
#include "world/truth.h"

namespace hotshot::data {

std::vector<Frames> WorldClips::clips(std::size_t bucket, std::uint64_t first, int n) const {
  const Bucket& shape = buckets_[bucket];
  return source_.clips(first, n, shape.frames, shape.height, shape.width);
}

std::string WorldClips::caption(std::size_t, std::uint64_t clip, std::uint64_t draw) const {
  return source_.caption(clip, draw);
}

Framing WorldClips::framing(std::size_t bucket, std::uint64_t) const {
  return {.original_width = buckets_[bucket].width, .original_height = buckets_[bucket].height};
}

std::string WorldClips::digest(std::size_t) const {
  return sha256_text(fmt::format("world {} {} {}/{}", source_.seed, world::word(source_.split).name, source_.rate.num,
                                 source_.rate.den));
}

}  // namespace hotshot::data
