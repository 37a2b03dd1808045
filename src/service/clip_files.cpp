#include "service/clip_files.h"

#include <algorithm>

#include "media/png.h"
#include "media/resize.h"
#include "net/http.h"

namespace hotshot::service {
namespace {

constexpr int kThumbnailSide = 256;
constexpr int kSpriteFrames = 8;

Frames one_frame(const Frames& frames, int index) {
  Frames one(1, frames.height, frames.width);
  std::copy_n(frames.frame(index), frames.frame_bytes(), one.frame(0));
  return one;
}

Frames sprites(const Frames& frames) {
  const int count = std::min(kSpriteFrames, frames.count);
  Frames row(1, frames.height, frames.width * count);
  const std::size_t line = static_cast<std::size_t>(frames.width) * 3;
  for (int i = 0; i < count; ++i) {
    const std::uint8_t* from = frames.frame(count == 1 ? 0 : i * (frames.count - 1) / (count - 1));
    for (int y = 0; y < frames.height; ++y) {
      std::copy_n(from + y * line, line, row.frame(0) + (static_cast<std::size_t>(y) * count + i) * line);
    }
  }
  return row;
}

}  // namespace

RenderedFile file_in(const RenderContext& context, std::string role, const std::string& name) {
  return {std::move(role), context.folder() / name, net::media_type(name)};
}

std::vector<RenderedFile> write_copies(const Clip& clip, const std::vector<std::string>& formats,
                                       const media::EncodeOptions& options, RenderContext& context) {
  std::vector<RenderedFile> files;
  for (const std::string& format : formats) {
    files.push_back(file_in(context, format, "video." + format));
    media::encode(clip, files.back().path, options, &context);
  }
  const Frames& frames = clip.frames;
  files.push_back(file_in(context, "thumbnail", "thumbnail.png"));
  media::write_png(small_picture(one_frame(frames, frames.count / 2)), files.back().path, options.recipe,
                   options.digital_source);
  files.push_back(file_in(context, "spritesheet", "spritesheet.png"));
  media::write_png(sprites(small_picture(frames)), files.back().path, options.recipe, options.digital_source);
  return files;
}

Frames small_picture(const Frames& frames) {
  const int longer = std::max(frames.width, frames.height);
  if (longer <= kThumbnailSide) return frames;
  const auto shrunk = [&](int side) { return std::max(1, side * kThumbnailSide / longer); };
  return media::resize(frames, shrunk(frames.height), shrunk(frames.width));
}

}  // namespace hotshot::service
