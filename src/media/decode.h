// Files to clips, and what a file says of itself. Anything libav* reads, animated WebP, PNG. Files are hostile until
// proven otherwise: every reader here works in a child process with limits (sandbox.h) and its results are checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clip.h"
#include "base/progress.h"
#include "media/resize.h"
#include "media/sandbox.h"

namespace hotshot::media {

struct Probe {
  std::string container;  // libav's name: "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "gif", …; or "webp", "png"
  std::string codec;      // "h264", "vp9", …
  std::string pixel_format;
  int width = 0, height = 0;              // as shown: turned by `rotation`, pixels as stored (not stretched)
  int coded_width = 0, coded_height = 0;  // as stored
  int rotation = 0;                       // clockwise degrees to turn the stored picture by: 0, 90, 180, 270
  bool mirrored = false;                  // also flipped left to right, before turning
  Rational sample_aspect{1, 1};           // width : height of a pixel as stored
  std::int64_t frames = 0;
  bool frames_exact = false;  // counted, else estimated from duration and rate
  Rational rate{1, 1};        // mean frames per second; 1/1 for a still picture
  double seconds = 0;
  bool has_audio = false;
};

struct DecodeOptions {
  double start = 0;                     // seconds from the first frame
  std::optional<double> duration = {};  // seconds; none = to the end
  std::optional<Rational> rate = {};    // frames picked (held, dropped) to this rate; none = as they are
  std::optional<Size> cover = {};       // every frame scaled to cover this size, middle kept (resize_cover)
  int max_frames = 100000;              // stop after so many
  std::int64_t max_pixels = 64 << 20;   // of one frame as stored; more is an error
  std::int64_t max_bytes = 8ll << 30;   // of all frames together; more is an error
  bool strict = true;                   // damage anywhere in what is read is an error; else what can be read is kept
  SandboxLimits limits = {};
};

/// What the file says. Reads headers, and counts packets where headers do not say how many frames there are.
/// Throws InvalidArgument, one line naming file and reason, for what is no readable video or picture.
Probe probe(const std::filesystem::path& path, const SandboxLimits& limits = {});

/// The frames as shown (rotation applied, right matrix and range, transparency over white), and their rate: the
/// requested one, or the file's mean. All frames have the first one's size. Throws as probe() does, also when no frame
/// lies in the requested span; Cancelled when `progress` (may be null; phase "reading") asks to stop.
Clip decode(const std::filesystem::path& path, const DecodeOptions& options = {}, Progress* progress = nullptr);

}  // namespace hotshot::media
