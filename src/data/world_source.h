// The cartoon world as a data set: clip i of a seed, and what a person might have typed to get it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clip.h"
#include "world/render.h"
#include "world/scene.h"

namespace hotshot::data {

struct WorldSource {
  std::uint64_t seed = 0;
  world::Split split = world::Split::train;
  Rational rate{8, 1};
  double english_share = 0.6;  // of captions; the others are Chinese

  /// Clip `index`; its moment in the scene's motion is part of the clip. Pictures fall anywhere in the first 3 seconds.
  Frames clip(std::uint64_t index, int frames, int height, int width) const;
  /// The clips first … first + count − 1, drawn by all threads.
  std::vector<Frames> clips(std::uint64_t first, int count, int frames, int height, int width) const;
  /// Where the actors are in those clips (world::render_cover).
  std::vector<Frames> covers(std::uint64_t first, int count, int frames, int height, int width) const;
  /// A caption of clip `index`; `draw` picks language, length and phrasing.
  std::string caption(std::uint64_t index, std::uint64_t draw) const;

 private:
  using Render = Frames (*)(const world::Scene&, const world::RenderOptions&);
  Frames draw(Render render, std::uint64_t index, int frames, int height, int width) const;
  std::vector<Frames> draw_all(Render render, std::uint64_t first, int count, int frames, int height, int width) const;
};

}  // namespace hotshot::data
