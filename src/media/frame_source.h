// One open file as a sequence of timed RGB pictures. Lives in the sandboxed child only.
#pragma once

#include <memory>
#include <optional>

#include "media/byte_reader.h"
#include "media/decode.h"

namespace hotshot::media {

struct TimedFrame {
  double seconds = 0;  // when it is shown, from the first frame on
  Frames picture;      // count 1
};

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// What the file says; may read it to the end, so not after next().
  virtual Probe probe() = 0;
  /// The next frame in time order, false at the end. Throws InvalidArgument on damage.
  virtual bool next(TimedFrame& frame) = 0;
  /// Continues near `seconds`, not after it unless the file's index is wrong. Before the first next() only.
  virtual void seek(double seconds) = 0;
};

struct SourceOptions {
  std::int64_t max_pixels = 64 << 20;
  bool strict = true;
  std::optional<Size> cover = {};  // pictures may come smaller than stored, as long as they cover this
};

std::unique_ptr<FrameSource> open_libav(const ByteReader& file, const SourceOptions& options);
std::unique_ptr<FrameSource> open_webp(const ByteReader& file, const SourceOptions& options);
std::unique_ptr<FrameSource> open_png(const ByteReader& file, const SourceOptions& options);
/// One of the above by the file's first bytes.
std::unique_ptr<FrameSource> open_source(const ByteReader& file, const SourceOptions& options);

/// RGBA over white, four bytes to three.
void lay_over_white(const std::uint8_t* rgba, std::uint8_t* rgb, std::size_t pixels);

}  // namespace hotshot::media
