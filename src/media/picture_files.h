// Clips as pictures, a file for each frame.
#pragma once

#include <functional>
#include <string>

#include "media/format.h"

namespace hotshot::media {

/// Writes what `bytes_of` makes of each frame to files named as encode() says. They appear together at the end; on an
/// error or a cancel none does. Throws as encode().
Paths write_pictures(const Clip& clip, const std::filesystem::path& path, Progress* progress,
                     const std::function<std::string(int frame)>& bytes_of);

}  // namespace hotshot::media
