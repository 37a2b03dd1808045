// A tiny bitmap font, 5×7 pixels in a cell of 6×9, for labels in contact sheets and plots. Printable ASCII only.
#pragma once

#include <string_view>

#include "base/clip.h"
#include "media/palette.h"

namespace hotshot::media {

constexpr int kGlyphAdvance = 6;
constexpr int kLineHeight = 9;

/// Width in pixels of one line.
int text_width(std::string_view text, int scale = 1);

/// Draws one line with its top left corner at (x, y) of frame 0; what falls outside is left out; a byte that is not
/// printable ASCII becomes a box.
void draw_text(Frames& picture, int x, int y, std::string_view text, Rgb colour, int scale = 1);

}  // namespace hotshot::media
