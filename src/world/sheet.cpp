#include "world/sheet.h"

#include <algorithm>

#include "base/error.h"
#include "world/render.h"

namespace hotshot::world {
namespace {

void paste(const Frames& tile, Frames& page, int x, int y) {
  for (int row = 0; row < tile.height; ++row) {
    const std::uint8_t* from = tile.frame(0) + static_cast<std::size_t>(row) * tile.width * 3;
    std::copy_n(from, tile.width * 3, page.frame(0) + (static_cast<std::size_t>(y + row) * page.width + x) * 3);
  }
}

}  // namespace

Frames sheet(std::uint64_t seed, const SheetOptions& options) {
  require(options.columns >= 1 && options.columns <= 64 && options.rows >= 1 && options.rows <= 64, "world.sheet",
          "expected 1x1 to 64x64 tiles but got {}x{}", options.columns, options.rows);
  require(options.gap >= 0 && options.gap <= 256, "world.sheet", "expected a gap of 0 to 256 but got {}", options.gap);
  require(options.tile >= 16 && options.tile <= 1024, "world.sheet", "expected tiles of 16 to 1024 but got {}",
          options.tile);
  const int step = options.tile + options.gap;
  Frames page(1, options.rows * step + options.gap, options.columns * step + options.gap);
  std::ranges::fill(page.pixels, std::uint8_t{250});
  for (int row = 0; row < options.rows; ++row) {
    for (int column = 0; column < options.columns; ++column) {
      const int index = options.filmstrip ? row : row * options.columns + column;
      const Scene scene = sample_scene(seed, static_cast<std::uint64_t>(index), options.split);
      const double part = options.columns > 1 ? static_cast<double>(column) / (options.columns - 1) : 0.5;
      const double moment = options.seconds * (options.filmstrip ? part : 0.5);
      const Frames tile =
          render(scene, {.width = options.tile, .height = options.tile, .frames = 1, .start_seconds = moment});
      paste(tile, page, options.gap + column * step, options.gap + row * step);
    }
  }
  return page;
}

}  // namespace hotshot::world
