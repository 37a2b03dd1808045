// Frames per second of the cartoon world on one thread, over random scenes; the bar is 300 at 128x128.
#include <benchmark/benchmark.h>

#include "world/caption.h"
#include "world/render.h"

namespace {

using hotshot::world::sample_scene;
using hotshot::world::Split;

void render_clips(benchmark::State& state) {
  const int size = static_cast<int>(state.range(0));
  constexpr int kFrames = 25;
  std::uint64_t index = 0;
  for (auto _ : state) {
    const auto frames = hotshot::world::render(sample_scene(9, index++, Split::train),
                                               {.width = size, .height = size, .frames = kFrames});
    benchmark::DoNotOptimize(frames.pixels.data());
  }
  const auto frames_per_second = benchmark::Counter::kIsRate;
  state.counters["frames/s"] = benchmark::Counter(static_cast<double>(state.iterations()) * kFrames, frames_per_second);
  if (size == 128) {
    state.counters["x_bar_300"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * kFrames / 300.0, frames_per_second);
  }
}
BENCHMARK(render_clips)->Arg(128)->Arg(256)->Arg(512)->Unit(benchmark::kMillisecond)->MinTime(2);

void sample_and_caption(benchmark::State& state) {
  std::uint64_t index = 0;
  for (auto _ : state) {
    const auto scene = sample_scene(9, index, Split::train);
    benchmark::DoNotOptimize(
        caption(scene, hotshot::world::Language::english, hotshot::world::CaptionLength::full, index));
    ++index;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sample_and_caption)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
