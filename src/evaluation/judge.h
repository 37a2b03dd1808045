// A network that says what a clip of the cartoon world shows (training/judge_task.h trains it).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "base/clip.h"
#include "model/clip_classifier.h"

namespace hotshot::evaluation {

/// What the judge says of one clip.
struct Judgement {
  std::vector<int> answers;  // one per row of data::world_attributes()
  at::Tensor features_d;     // fp32
};

class Judge {
 public:
  /// Opens the part "judge" of a model folder. Throws InvalidArgument, also where its questions or answers are not
  /// those of data::world_attributes().
  static Judge open(const std::filesystem::path& folder);

  /// Judges a clip of any size, rate and length: frames are picked at the rate it was trained on, from the beginning
  /// and at most as many; pictures far from its training size are scaled to that area. Throws InvalidArgument for an
  /// empty one.
  Judgement operator()(const Clip& clip) const;

  /// How many frames it picks of a clip of `frames` at `rate`: 1 is a picture to it.
  int frames_seen(int frames, Rational rate) const;

 private:
  explicit Judge(std::unique_ptr<model::ClipClassifier> network) : network_(std::move(network)) {}

  std::unique_ptr<model::ClipClassifier> network_;
};

/// The frames of `clip` that a network trained on `count` frames at `rate` per second sees.
Frames frames_at(const Clip& clip, int rate, int count);

/// `frames` scaled so that it has about the area of 128×128 pixels, sides in multiples of 8; as it is where it has.
Frames at_judging_size(const Frames& frames);

}  // namespace hotshot::evaluation
