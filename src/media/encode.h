// Clips to files. The format is chosen by the file name's extension: .mp4, .webm, .gif, .webp, .png, .jpg.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clip.h"
#include "base/progress.h"

namespace hotshot::media {

/// IPTC's word for what a trained model made.
inline constexpr std::string_view kTrainedAlgorithmicMedia =
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

struct EncodeOptions {
  std::string recipe = {};          // JSON text (UTF-8, no NUL, at most 1 MiB) embedded in the file; empty = none
  std::string digital_source = {};  // URI of IPTC's DigitalSourceType, say kTrainedAlgorithmicMedia; empty = unsaid
  int quality = 80;    // 0..100; 100 is the best the format does (lossless for WebP); PNG and GIF ignore it
  int loop = 0;        // GIF and WebP: how often to play, 0 = forever
  bool dither = true;  // GIF: ordered dithering between palette colours (stable in time)
};

/// Writes `clip` and returns the files written: one, or for PNG and JPEG with several frames one per frame ("out.png"
/// becomes out_0001.png …; a pattern such as "out_%04d.png" is filled in, counting from 1).
/// Every file appears whole or not at all. The same clip and options give the same bytes.
///   MP4   H.264 High, yuv420p, BT.709, index first (faststart). 4:2:0 needs even sizes: an odd width or height is
///         made even by repeating the last column or row, so the file is one pixel larger there.
///   WebM  VP9, yuv420p, BT.709, any size.
///   GIF   one palette for all frames; at most 50 frames per second (players slow down shorter delays).
///   WebP  animated, times in whole milliseconds; a clip of one frame becomes a still picture.
///   JPEG  baseline; colour at full size from quality 90 on, else 4:2:0.
/// Throws InvalidArgument for an unknown extension (naming the known ones), an empty clip, a size or rate the format
/// cannot hold, or a folder that cannot be written; std::runtime_error when the disk or a library refuses;
/// Cancelled when `progress` (may be null; phase "writing", one step per frame) asks to stop.
std::vector<std::filesystem::path> encode(const Clip& clip, const std::filesystem::path& path,
                                          const EncodeOptions& options = {}, Progress* progress = nullptr);

/// ".gif, .mp4, …" without the dots: the extensions encode() knows.
std::vector<std::string> known_extensions();

/// Those of them whose files hold a whole clip; the others are pictures.
std::vector<std::string> clip_extensions();

}  // namespace hotshot::media
