#include "media/encode.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "media/format.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

constexpr int kLargestSide = 16383;  // WebP's limit, and H.264's within one
constexpr std::size_t kLargestText = 1u << 20;

std::string extension_of(const std::filesystem::path& path) {
  std::string text = path.extension().string();
  if (!text.empty()) text.erase(0, 1);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool begins_mp4(std::string_view head) { return head.size() >= 8 && head.substr(4, 4) == "ftyp"; }
bool begins_webm(std::string_view head) { return head.starts_with("\x1A\x45\xDF\xA3"); }
bool begins_gif(std::string_view head) { return head.starts_with("GIF87a") || head.starts_with("GIF89a"); }
bool begins_png(std::string_view head) { return head.starts_with("\x89PNG\r\n\x1a\n"); }
bool begins_jpeg(std::string_view head) { return head.starts_with("\xFF\xD8\xFF"); }
bool begins_webp(std::string_view head) {
  return head.size() >= 12 && head.starts_with("RIFF") && head.substr(8, 4) == "WEBP";
}

/// The length of the UTF-8 sequence that begins at text[i], or 0 where it is not valid (overlong, surrogate, cut).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
  if (byte(i) < 0x80) return 1;
  const std::size_t length = byte(i) >= 0xF0 ? 4 : byte(i) >= 0xE0 ? 3 : 2;
  if (byte(i) < 0xC2 || byte(i) > 0xF4 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  }
  const int first_two = byte(i) << 8 | byte(i + 1);
  const bool overlong = (length == 3 && first_two < 0xE0A0) || (length == 4 && first_two < 0xF090);
  const bool outside = (first_two >= 0xEDA0 && first_two <= 0xEDBF) || first_two > 0xF48F;
  return overlong || outside ? 0 : length;
}

template <std::optional<std::string> (*read_xmp)(const ByteReader&)>
std::optional<std::string> source_in(const ByteReader& file) {
  const std::optional<std::string> packet = read_xmp(file);
  return packet ? source_of_xmp(*packet) : std::nullopt;
}

template <std::optional<std::string> (*read_xmp)(const ByteReader&)>
std::optional<std::string> recipe_in(const ByteReader& file) {
  const std::optional<std::string> packet = read_xmp(file);
  return packet ? recipe_of_xmp(*packet) : std::nullopt;
}

std::optional<std::string> webm_source(const ByteReader& file) { return webm_tag(file, kWebmSourceTag); }

void check_text(std::string_view text) {
  require(text.size() <= kLargestText, "encode", "expected a text of at most {} bytes but got {}", kLargestText,
          text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = utf8_length(text, i);
    const bool control = byte < 32 && byte != '\n' && byte != '\r' && byte != '\t';
    require(length > 0 && !control, "encode", "expected UTF-8 text but got byte {} at {}", byte, i);
    i += length;
  }
}

void check_clip(const Clip& clip) {
  const Frames& frames = clip.frames;
  require(frames.count > 0 && frames.width > 0 && frames.height > 0, "encode",
          "expected a clip with frames but got {} of {}x{}", frames.count, frames.width, frames.height);
  require(frames.pixels.size() == frames.frame_bytes() * static_cast<std::size_t>(frames.count), "encode",
          "expected {} frames of {} bytes but got {} bytes", frames.count, frames.frame_bytes(), frames.pixels.size());
  require(frames.width <= kLargestSide && frames.height <= kLargestSide, "encode",
          "expected at most {} pixels a side but got {}x{}", kLargestSide, frames.width, frames.height);
  require(clip.rate.num > 0 && clip.rate.den > 0 && clip.rate.value() <= 1000 && clip.rate.value() >= 0.001, "encode",
          "expected a frame rate from 0.001 to 1000 but got {}/{}", clip.rate.num, clip.rate.den);
}

}  // namespace

std::span<const Format> formats() {
  static const Format table[] = {
      {"MP4", {"mp4", "m4v"}, true, write_mp4, begins_mp4, mp4_recipe, source_in<mp4_xmp>},
      {"WebM", {"webm"}, true, write_webm, begins_webm, webm_recipe, webm_source},
      {"GIF", {"gif"}, true, write_gif, begins_gif, gif_recipe, source_in<gif_xmp>},
      {"WebP", {"webp"}, true, write_webp, begins_webp, recipe_in<webp_xmp>, source_in<webp_xmp>},
      {"PNG", {"png"}, false, write_png_frames, begins_png, png_recipe, source_in<png_xmp>},
      {"JPEG", {"jpg", "jpeg"}, false, write_jpeg_frames, begins_jpeg, recipe_in<jpeg_xmp>, source_in<jpeg_xmp>},
  };
  return table;
}

const Format& format_of(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  for (const Format& format : formats()) {
    if (std::find(format.extensions.begin(), format.extensions.end(), extension) != format.extensions.end()) {
      return format;
    }
  }
  throw_unknown("encode: file name extension", extension, known_extensions());
}

std::vector<std::string> known_extensions() {
  std::vector<std::string> names;
  for (const Format& format : formats()) names.insert(names.end(), format.extensions.begin(), format.extensions.end());
  return names;
}

std::vector<std::string> clip_extensions() {
  std::vector<std::string> names;
  for (const Format& format : formats()) {
    if (format.moves) names.insert(names.end(), format.extensions.begin(), format.extensions.end());
  }
  return names;
}

std::vector<std::filesystem::path> encode(const Clip& clip, const std::filesystem::path& path,
                                          const EncodeOptions& options, Progress* progress) {
  const Format& format = format_of(path);
  check_clip(clip);
  check_text(options.recipe);
  check_text(options.digital_source);
  require(options.quality >= 0 && options.quality <= 100, "encode", "expected a quality from 0 to 100 but got {}",
          options.quality);
  require(options.loop >= 0 && options.loop <= 65535, "encode", "expected a loop count from 0 to 65535 but got {}",
          options.loop);
  begin_phase(progress, "writing", clip.frames.count);
  return format.write(clip, path, options, progress);
}

}  // namespace hotshot::media
