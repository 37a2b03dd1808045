// Single pictures as PNG, 8-bit RGB.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clip.h"

namespace hotshot::media {

struct PictureLimits {
  std::int64_t max_pixels = 64 << 20;
};

/// The bytes of a PNG of `picture` (count 1, or frame `index` of several), with `recipe` as iTXt "recipe" and
/// `digital_source` (as EncodeOptions) as XMP unless they are empty.
std::string png_bytes(const Frames& picture, int index = 0, std::string_view recipe = {},
                      std::string_view digital_source = {});

/// Writes frame 0 of `picture`, whole or not at all. Throws as write_file does.
void write_png(const Frames& picture, const std::filesystem::path& path, std::string_view recipe = {},
               std::string_view digital_source = {});

/// Reads any PNG as 8-bit RGB: grey and palettes are expanded, 16 bits reduced, transparency laid over white.
/// Throws InvalidArgument, naming the file and the reason, when it is missing, damaged or larger than `limits`.
Frames read_png(const std::filesystem::path& path, PictureLimits limits = {});
/// The same from memory; `name` is for errors.
Frames parse_png(std::string_view bytes, const std::string& name, PictureLimits limits = {});

}  // namespace hotshot::media
