// One picture of many scenes.
#pragma once

#include "base/clip.h"
#include "world/scene.h"

namespace hotshot::world {

struct SheetOptions {
  int columns = 6;
  int rows = 4;
  int tile = 128;          // pixels, square
  int gap = 4;             // pixels between tiles
  bool filmstrip = false;  // true: one scene per row, its columns are moments spread over `seconds`
  double seconds = 3;
  Split split = Split::train;
};

/// Scenes 0, 1, … of a seed in reading order, each at the middle of `seconds` (or as strips): Frames of count 1.
Frames sheet(std::uint64_t seed, const SheetOptions& options);

}  // namespace hotshot::world
