#include "media/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "media/font.h"
#include "media/resize.h"

namespace hotshot::media {
namespace {

constexpr Rgb kPaper{250, 250, 248};
constexpr Rgb kInk{40, 40, 48};
constexpr std::int64_t kMostPixels = 256 << 20;

/// `shown` frames of a clip, evenly spaced, first and last included.
Frames spaced_frames(const Frames& frames, int shown) {
  Frames out(shown, frames.height, frames.width);
  for (int i = 0; i < shown; ++i) {
    const double place = shown > 1 ? static_cast<double>(i) * (frames.count - 1) / (shown - 1) : 0;
    std::memcpy(out.frame(i), frames.frame(static_cast<int>(std::lround(place))), frames.frame_bytes());
  }
  return out;
}

void paste(Frames& sheet, const Frames& frames, int index, int x, int y) {
  for (int row = 0; row < frames.height; ++row) {
    std::uint8_t* to = sheet.frame(0) + (static_cast<std::size_t>(y + row) * sheet.width + x) * 3;
    std::memcpy(to, frames.frame(index) + static_cast<std::size_t>(row) * frames.width * 3,
                static_cast<std::size_t>(frames.width) * 3);
  }
}

}  // namespace

Frames contact_sheet(const std::vector<Clip>& clips, const ContactSheetOptions& options) {
  require(!clips.empty(), "contact sheet", "expected at least one clip but got none");
  require(options.columns > 0 && options.frames_per_row > 0 && options.gap >= 0 && options.frame_height >= 0,
          "contact sheet", "expected positive columns and frames but got {} and {}", options.columns,
          options.frames_per_row);
  require(options.labels.empty() || options.labels.size() == clips.size(), "contact sheet",
          "expected {} labels but got {}", clips.size(), options.labels.size());
  for (const Clip& clip : clips) require(clip.frames.count > 0, "contact sheet", "expected frames but a clip has none");

  const Frames& first = clips[0].frames;
  const int height = options.frame_height ? options.frame_height : first.height;
  const int width =
      std::max(1, static_cast<int>(std::lround(static_cast<double>(first.width) * height / first.height)));
  const int gap = options.gap, label = options.labels.empty() ? 0 : kLineHeight;
  const int columns = std::min<int>(options.columns, static_cast<int>(clips.size()));
  const std::int64_t rows = (static_cast<std::int64_t>(clips.size()) + columns - 1) / columns;
  const std::int64_t strip_width = static_cast<std::int64_t>(options.frames_per_row) * (width + gap);
  const std::int64_t sheet_width = gap + columns * strip_width, row_height = height + gap + label;
  const std::int64_t sheet_height = gap + rows * row_height;
  require(sheet_width < (1 << 20) && sheet_height < (1 << 20) && sheet_width * sheet_height <= kMostPixels,
          "contact sheet", "expected a sheet of at most {} pixels but got {}x{}", kMostPixels, sheet_width,
          sheet_height);

  Frames sheet(1, static_cast<int>(sheet_height), static_cast<int>(sheet_width));
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i) sheet.pixels[i] = kPaper[i % 3];
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const int shown = std::min(options.frames_per_row, clips[i].frames.count);
    const Frames strip = resize_cover(spaced_frames(clips[i].frames, shown), height, width);
    const int x = static_cast<int>(gap + static_cast<std::int64_t>(i) % columns * strip_width);
    const int y = static_cast<int>(gap + static_cast<std::int64_t>(i) / columns * row_height);
    if (label) {
      const std::size_t fits = static_cast<std::size_t>((strip_width - gap) / kGlyphAdvance);
      draw_text(sheet, x, y, options.labels[i].substr(0, fits), kInk);
    }
    for (int k = 0; k < shown; ++k) paste(sheet, strip, k, x + k * (width + gap), y + label);
  }
  return sheet;
}

Frames contact_sheet(const Clip& clip, const ContactSheetOptions& options) {
  return contact_sheet(std::vector<Clip>{clip}, options);
}

}  // namespace hotshot::media
