// Pictures and clips from files, as a run needs them: so many frames of one size.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <vector>

#include "base/clip.h"
#include "pipeline/model_folder.h"

namespace hotshot::pipeline {

/// Reads the headers of a picture, or of a clip that shall give `frames` frames. Throws InvalidArgument, naming the
/// file, for what cannot be read or is known to be too short.
void check_footage(const std::filesystem::path& path, int frames);

/// Which of `available` frames, each `frame_seconds` long, stand for `wanted` frames that span `seconds`: evenly
/// spaced, the span in the middle, and of all spacings that fit the one whose span is nearest. Throws InvalidArgument
/// where there are fewer frames than wanted.
std::vector<int> pick_frames(int available, double frame_seconds, int wanted, double seconds);

/// `frames` frames of a file, scaled and cut to cover `size`; a picture is repeated. Throws InvalidArgument for files
/// that cannot be read or are too short.
Frames read_footage(const std::filesystem::path& path, PixelSize size, int frames, int fps);

/// The last frames of a clip at `fps`, scaled and cut to cover `size`: as many of the form k · step + 1 as there are,
/// at most `most`. A picture is itself. Throws InvalidArgument for files that cannot be read.
Frames read_ending(const std::filesystem::path& path, PixelSize size, int fps, int step, int most);

/// bytes_thwc → [1, 3, t, h, w] fp32 in [0, 1].
at::Tensor unit_values(const Frames& frames);

/// A mask picture at the size of latents: [1, 1, 1, h, w] fp32, 1 where most of a latent's pixels are white.
at::Tensor read_mask(const std::filesystem::path& path, PixelSize size, int pixels_per_latent);

}  // namespace hotshot::pipeline
