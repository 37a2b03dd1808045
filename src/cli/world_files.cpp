// The actions of `hotshot world` that write pictures and clips.
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/outputs.h"
#include "cli/terminal.h"
#include "cli/world.h"
#include "media/encode.h"
#include "media/png.h"
#include "pipeline/memory.h"
#include "world/caption.h"
#include "world/render.h"
#include "world/sheet.h"

namespace hotshot::cli {
namespace {

struct RenderRequest {
  SceneChoice scene;
  int width = 128;
  int height = 128;
  std::optional<int> frames;
  double seconds = 3;
  int fps = 8;
  int count = 1;

  FieldList fields() {
    FieldList fields = scene.fields();
    fields.push_back({"width", "pixels", &width, {16, 4096}});
    fields.push_back({"height", "pixels", &height, {16, 4096}});
    fields.push_back({"frames", "frames, instead of seconds", &frames, {1, 100000}});
    fields.push_back({"seconds", "length", &seconds, {0.01, 100000}});
    fields.push_back({"fps", "frames per second", &fps, {1, 240}});
    fields.push_back({"count", "clips, from index on", &count, {1, 10000}});
    return fields;
  }
};

struct SheetRequest {
  std::uint64_t seed = 0;
  world::SheetOptions sheet;
  std::string split = "train";

  FieldList fields() {
    return {{"seed", "number that picks a series of scenes", &seed},
            {"columns", "tiles beside each other", &sheet.columns, {1, 64}},
            {"rows", "tiles below each other", &sheet.rows, {1, 64}},
            {"tile", "pixels of a tile's side", &sheet.tile, {16, 1024}},
            {"gap", "pixels between tiles", &sheet.gap, {0, 256}},
            {"filmstrip", "one scene per row, its columns are moments", &sheet.filmstrip},
            {"seconds", "time that a strip spans", &sheet.seconds, {0, 100000}},
            {"split", "train, or held-out: combinations never trained on", &split}};
  }
};

// Refuses what would not fit before it is drawn: pixels as drawn and once more on their way into the file.
void require_room(double pixels) {
  const double bytes = 2 * 3 * pixels, available = static_cast<double>(pipeline::available_memory());
  require(available == 0 || bytes <= available, "memory",
          "expected pictures that fit but they need about {:.1f} GB and {:.1f} GB are available", bytes / 1e9,
          available / 1e9);
}

void print_written(const std::filesystem::path& path, const std::string& what) {
  std::puts(fmt::format("{}  {}", path.string(), what).c_str());
}

}  // namespace

int world_render(int argc, char** argv) {
  RenderRequest request;
  std::string output;
  Arguments arguments("hotshot world render -o FILE [OPTIONS]", "Renders scenes as clips.");
  arguments.option("-o,--output", "file to write, .mp4 .webm .gif .webp or .png", &output);
  arguments.fields(request.fields());
  if (!arguments.parse(argc, argv)) return 0;
  require(!output.empty(), "arguments", "expected -o FILE");
  check_output(output, request.width, request.height, {request.fps, 1});
  const int frames = request.frames.value_or(std::max(1, static_cast<int>(std::lround(request.seconds * request.fps))));
  require_room(static_cast<double>(frames) * request.width * request.height);
  catch_interrupts();
  TerminalProgress progress;
  for (int i = 0; i < request.count; ++i) {
    const world::Scene scene = request.scene.pick(static_cast<std::uint64_t>(i));
    const Clip clip{
        world::render(scene,
                      {.width = request.width, .height = request.height, .frames = frames, .rate = {request.fps, 1}}),
        {request.fps, 1}};
    const auto files = media::encode(clip, numbered(output, i, request.count), {}, &progress);
    progress.clear();
    print_written(files.front(), world::caption(scene, world::Language::english, world::CaptionLength::full, 0));
  }
  return 0;
}

int world_sheet(int argc, char** argv) {
  SheetRequest request;
  std::string output;
  Arguments arguments("hotshot world sheet -o FILE.png [OPTIONS]", "Draws one picture of many scenes.");
  arguments.option("-o,--output", "picture to write, .png", &output);
  arguments.fields(request.fields());
  if (!arguments.parse(argc, argv)) return 0;
  require(!output.empty(), "arguments", "expected -o FILE.png");
  check_picture_output(output);
  request.sheet.split = parse_split(request.split);
  const int side = request.sheet.tile + request.sheet.gap;
  require_room(static_cast<double>(request.sheet.columns) * side * request.sheet.rows * side);
  const Frames page = world::sheet(request.seed, request.sheet);
  media::write_png(page, output);
  print_written(output, fmt::format("{}x{}", page.width, page.height));
  return 0;
}

}  // namespace hotshot::cli
