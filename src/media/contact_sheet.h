// Many clips on one picture, for eyes.
#pragma once

#include <string>
#include <vector>

#include "base/clip.h"

namespace hotshot::media {

struct ContactSheetOptions {
  int columns = 1;         // clips beside each other
  int frames_per_row = 8;  // evenly spaced frames shown of each clip, first and last included
  int gap = 4;             // pixels between pictures and around the sheet
  int frame_height = 0;    // pictures are scaled to this height; 0 = the first clip's
  std::vector<std::string> labels =
      {};  // ASCII, one above each clip; empty or as many as clips; cut to the clip's width
};

/// One picture: each clip is a strip of frames in time order, strips fill rows of `columns`. All strips get the size
/// of the first clip's frames (others are scaled to cover it). A clip with fewer frames shows what it has.
/// Throws InvalidArgument without clips or when the sheet would exceed 256 million pixels.
Frames contact_sheet(const std::vector<Clip>& clips, const ContactSheetOptions& options = {});
Frames contact_sheet(const Clip& clip, const ContactSheetOptions& options = {});

}  // namespace hotshot::media
