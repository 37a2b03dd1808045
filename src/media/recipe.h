// What a file says of how it was made, read back out of it. Own small parsers with bounded reads: safe on any bytes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace hotshot::media {

/// The text that encode() embedded: `comment` metadata in MP4 and WebM, XMP in WebP and JPEG, comment extension in GIF,
/// iTXt "recipe" in PNG; nothing when the file has none. The format is taken from the file's first bytes, not its name.
/// Throws InvalidArgument when the file is missing, of no known format, or damaged before its recipe.
/// MP4 and WebM files of other programs may have a comment that is no recipe; the caller parses what it gets.
std::optional<std::string> read_recipe(const std::filesystem::path& path);

/// The IPTC DigitalSourceType that the file says: in XMP (MP4, GIF, WebP, PNG, JPEG) or a tag (WebM); nothing where it
/// says none or is of no known format. Throws InvalidArgument when the file is missing or damaged before it.
std::optional<std::string> read_digital_source(const std::filesystem::path& path);

/// Whether the file's first bytes are of a format that encode() writes. InvalidArgument when it is missing or empty.
bool is_known_format(const std::filesystem::path& path);

}  // namespace hotshot::media
