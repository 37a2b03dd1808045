// The files a clip is kept as.
#pragma once

#include <string>
#include <vector>

#include "base/clip.h"
#include "media/encode.h"
#include "service/renderer.h"

namespace hotshot::service {

/// A file to be written in the context's folder; its type is that of the name.
RenderedFile file_in(const RenderContext& context, std::string role, const std::string& name);

/// Writes what is kept of a clip besides its MP4: the `formats`, each as a role of its name, "thumbnail" (the middle
/// frame) and "spritesheet" (frames in a row, evenly spaced), both PNG.
std::vector<RenderedFile> write_copies(const Clip& clip, const std::vector<std::string>& formats,
                                       const media::EncodeOptions& options, RenderContext& context);

/// As large as thumbnails and previews are: at most 256 pixels on the longer side.
Frames small_picture(const Frames& frames);

}  // namespace hotshot::service
