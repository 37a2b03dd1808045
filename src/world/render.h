// A scene becomes frames.
#pragma once

#include "base/clip.h"
#include "world/scene.h"

namespace hotshot::world {

class Canvas;

struct RenderOptions {
  int width = 128;   // 16..4096
  int height = 128;  // 16..4096
  int frames = 25;   // 1..100000
  Rational rate{8, 1};
  double start_seconds = 0;  // time of the first frame; motion goes on for as long as one likes
};

/// Frame i shows the scene at start_seconds + i / rate. The same scene and options give the same bytes; calls from
/// several threads do not disturb each other. Throws InvalidArgument for sizes out of range.
Frames render(const Scene& scene, const RenderOptions& options);

/// The same frames with the actors alone, outlines included: white where they are, black elsewhere. What stands before
/// them, shadows and weather do not count.
Frames render_cover(const Scene& scene, const RenderOptions& options);

/// One moment of a scene, before it is rounded to bytes; the canvas gives the size.
void paint(const Scene& scene, double seconds, Canvas& canvas);

}  // namespace hotshot::world
