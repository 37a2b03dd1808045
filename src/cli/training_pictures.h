// What a training run shows while it goes on, and the picture files it learns from. Without media (a trainer-only
// build) nothing is drawn, the log stays, and no files are read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/clip.h"
#include "data/file_clips.h"

namespace hotshot::cli {

/// RUN/curve.png: loss, learning rate, gradient norm and whatever else log.jsonl holds.
void draw_curve(const std::filesystem::path& run_folder);

/// RUN/preview-STEP.png: a contact sheet of the clips. Nothing without clips.
void draw_preview(const std::filesystem::path& run_folder, std::int64_t step, const std::vector<Clip>& clips);

/// For data sets of files; empty without media.
data::PictureReader picture_reader();

}  // namespace hotshot::cli
