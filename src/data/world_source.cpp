#include "data/world_source.h"

#include <ATen/Parallel.h>

#include "base/random.h"
#include "world/caption.h"

namespace hotshot::data {

Frames WorldSource::draw(Render render, std::uint64_t index, int frames, int height, int width) const {
  const world::Scene scene = world::sample_scene(seed, index, split);
  world::RenderOptions options{.width = width, .height = height, .frames = frames, .rate = rate};
  if (frames == 1) {
    const auto bits = Random(seed, "moment").block(index);
    options.start_seconds = static_cast<double>(bits[0]) / 4294967296.0 * 3.0;
  }
  return render(scene, options);
}

std::vector<Frames> WorldSource::draw_all(Render render, std::uint64_t first, int count, int frames, int height,
                                          int width) const {
  std::vector<Frames> all(static_cast<std::size_t>(count));
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      all[static_cast<std::size_t>(i)] = draw(render, first + static_cast<std::uint64_t>(i), frames, height, width);
    }
  });
  return all;
}

Frames WorldSource::clip(std::uint64_t index, int frames, int height, int width) const {
  return draw(world::render, index, frames, height, width);
}

std::vector<Frames> WorldSource::clips(std::uint64_t first, int count, int frames, int height, int width) const {
  return draw_all(world::render, first, count, frames, height, width);
}

std::vector<Frames> WorldSource::covers(std::uint64_t first, int count, int frames, int height, int width) const {
  return draw_all(world::render_cover, first, count, frames, height, width);
}

std::string WorldSource::caption(std::uint64_t index, std::uint64_t draw) const {
  Random random(seed ^ draw * 0x9E3779B97F4A7C15ull, stream_id("caption") + index);
  const auto language =
      random.chance(static_cast<float>(english_share)) ? world::Language::english : world::Language::chinese;
  const float length = random.uniform();
  const auto detail = length < 0.15f  ? world::CaptionLength::brief
                      : length < 0.5f ? world::CaptionLength::medium
                                      : world::CaptionLength::full;
  return world::caption(world::sample_scene(seed, index, split), language, detail, random.below(1u << 30));
}

}  // namespace hotshot::data
