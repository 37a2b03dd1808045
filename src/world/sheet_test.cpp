#include "world/sheet.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "world/render.h"

namespace hotshot::world {
namespace {

// Whether `tile` is in `page` with its corner at (x, y).
bool holds(const Frames& page, const Frames& tile, int x, int y) {
  for (int row = 0; row < tile.height; ++row) {
    const std::uint8_t* from = tile.frame(0) + static_cast<std::size_t>(row) * tile.width * 3;
    const std::uint8_t* at = page.frame(0) + (static_cast<std::size_t>(y + row) * page.width + x) * 3;
    if (!std::equal(from, from + tile.width * 3, at)) return false;
  }
  return true;
}

TEST(Sheet, ShowsScenesInReadingOrder) {
  const Frames page = sheet(5, {.columns = 3, .rows = 2, .tile = 32, .gap = 2});
  EXPECT_EQ(page.count, 1);
  EXPECT_EQ(page.width, 3 * 34 + 2);
  EXPECT_EQ(page.height, 2 * 34 + 2);
  const RenderOptions options{.width = 32, .height = 32, .frames = 1, .start_seconds = 1.5};
  EXPECT_TRUE(holds(page, render(sample_scene(5, 4, Split::train), options), 2 + 34, 2 + 34));
}

TEST(Sheet, FilmstripShowsOneScenePerRow) {
  const Frames page =
      sheet(5, {.columns = 4, .rows = 2, .tile = 32, .gap = 0, .filmstrip = true, .split = Split::held_out});
  const RenderOptions options{.width = 32, .height = 32, .frames = 1, .start_seconds = 2};
  EXPECT_TRUE(holds(page, render(sample_scene(5, 1, Split::held_out), options), 64, 32));
}

TEST(Sheet, RefusesSillySizes) {
  EXPECT_THROW(sheet(1, {.columns = 0}), InvalidArgument);
  EXPECT_THROW(sheet(1, {.rows = 65}), InvalidArgument);
  EXPECT_THROW(sheet(1, {.tile = 8}), InvalidArgument);
  EXPECT_THROW(sheet(1, {.gap = -1}), InvalidArgument);
}

}  // namespace
}  // namespace hotshot::world
