#include "media/picture_files.h"
#include "media/png.h"

namespace hotshot::media {

Paths write_png_frames(const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options,
                       Progress* progress) {
  return write_pictures(clip, path, progress, [&](int frame) {
    return png_bytes(clip.frames, frame, options.recipe, options.digital_source);
  });
}

}  // namespace hotshot::media
