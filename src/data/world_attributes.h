// What a clip of the cartoon world can be asked: one row per question, with the answers it may have. The names are
// those of truth files (world/truth.h); they go into the config of a judge, which then knows the world by them alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "world/scene.h"

namespace hotshot::data {

/// One question about a scene.
struct WorldAttribute {
  std::string_view name;             // "subject", "color", …
  std::vector<std::string> classes;  // its answers
  /// The index of the right answer, or -1 where the question does not arise (the speed of one who sits).
  int (*answer)(const world::Scene& scene);
  bool needs_motion = false;  // cannot be asked of a single picture
};

/// All of them. What is asked of "the actor" is asked of the one a picture shows first: the left one, or the upper one,
/// of two that differ; the answers "second_subject" and "second_color" are those of the other.
std::span<const WorldAttribute> world_attributes();

/// Every answer of a scene shown in so many frames, in that order; what needs motion does not arise for one frame.
std::vector<int> world_answers(const world::Scene& scene, int frames);

}  // namespace hotshot::data
