// The table of file formats: one row says everything encode(), read_recipe() and read_digital_source() need to know
// about one.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clip.h"
#include "base/progress.h"
#include "media/byte_reader.h"
#include "media/encode.h"

namespace hotshot::media {

using Paths = std::vector<std::filesystem::path>;

struct Format {
  std::string_view name;
  std::vector<std::string_view> extensions;  // lower case, without the dot
  bool moves;                                // one file holds a clip; else a picture
  /// Writes the clip; contract as encode(), whose checks have passed.
  Paths (*write)(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);
  /// Whether a file that begins with these (up to 16) bytes is of this format.
  bool (*begins)(std::string_view head);
  /// The embedded recipe, if any. Throws InvalidArgument where the file is damaged.
  std::optional<std::string> (*read_recipe)(const ByteReader&);
  /// Its IPTC DigitalSourceType, if any. Throws as above.
  std::optional<std::string> (*read_source)(const ByteReader&);
};

std::span<const Format> formats();
/// The row of a file name's extension, or InvalidArgument listing the known ones.
const Format& format_of(const std::filesystem::path& path);

// The writers, one source file each.
Paths write_mp4(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);
Paths write_webm(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);
Paths write_gif(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);
Paths write_webp(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);
Paths write_png_frames(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);
Paths write_jpeg_frames(const Clip&, const std::filesystem::path&, const EncodeOptions&, Progress*);

// The readers of recipes that are not in XMP, in recipe_*.cpp.
std::optional<std::string> mp4_recipe(const ByteReader&);
std::optional<std::string> webm_recipe(const ByteReader&);
std::optional<std::string> gif_recipe(const ByteReader&);
/// Throws InvalidArgument unless every block up to the trailer is there; libav takes a cut GIF without a word.
void check_gif_complete(const ByteReader&);
std::optional<std::string> png_recipe(const ByteReader&);

/// The first value of the WebM tag `wanted`.
std::optional<std::string> webm_tag(const ByteReader&, std::string_view wanted);
inline constexpr std::string_view kWebmSourceTag = "DIGITAL_SOURCE_TYPE";

}  // namespace hotshot::media
