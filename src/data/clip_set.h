// A data set as a run sees it: for each of its buckets so many clips of that shape, with captions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clip.h"
#include "data/batch.h"
#include "data/world_source.h"

namespace hotshot::data {

/// Where the pixels of a clip come from: SDXL is told (Podell et al. 2023, section 2.2). In pixels.
struct Framing {
  int original_width = 0;  // of the pictures as they were
  int original_height = 0;
  double crop_left = 0;  // what was cut off after scaling
  double crop_top = 0;
};

/// Clips of a bucket have numbers from 0; all that is said of a clip depends on its number alone.
class ClipSet {
 public:
  virtual ~ClipSet() = default;
  /// How many clips a bucket has: maybe none.
  virtual std::int64_t count(std::size_t bucket) const = 0;
  /// The clips first … first + n - 1 of a bucket.
  virtual std::vector<Frames> clips(std::size_t bucket, std::uint64_t first, int n) const = 0;
  /// What a person might have typed to get a clip; where there is a choice, `draw` makes it.
  virtual std::string caption(std::size_t bucket, std::uint64_t clip, std::uint64_t draw) const = 0;
  virtual Framing framing(std::size_t bucket, std::uint64_t clip) const = 0;
  /// Of all that a bucket's clips are made from.
  virtual std::string digest(std::size_t bucket) const = 0;
  /// What the cards of models call it; empty where there is no name for it.
  virtual std::string name() const = 0;
};

/// The cartoon world: as many clips as a bucket asks for.
class WorldClips : public ClipSet {
 public:
  WorldClips(WorldSource source, std::vector<Bucket> buckets) : source_(source), buckets_(std::move(buckets)) {}

  std::int64_t count(std::size_t bucket) const override { return buckets_[bucket].clips; }
  std::vector<Frames> clips(std::size_t bucket, std::uint64_t first, int n) const override;
  std::string caption(std::size_t bucket, std::uint64_t clip, std::uint64_t draw) const override;
  Framing framing(std::size_t bucket, std::uint64_t clip) const override;
  std::string digest(std::size_t bucket) const override;
  std::string name() const override { return "cartoon world"; }

 private:
  WorldSource source_;
  std::vector<Bucket> buckets_;
};

}  // namespace hotshot::data
