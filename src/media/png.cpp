#include "media/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

// libpng leaves errors by longjmp. The functions marked "jumps" hold no objects with destructors, so nothing is
// skipped.

struct Message {
  char text[160] = {};
};

void keep_message(png_structp png, png_const_charp text) {
  auto* message = static_cast<Message*>(png_get_error_ptr(png));
  std::strncpy(message->text, text, sizeof message->text - 1);
  png_longjmp(png, 1);
}
void ignore_warning(png_structp, png_const_charp) {}

void append_bytes(png_structp png, png_bytep data, png_size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(data), size);
}
void flush_nothing(png_structp) {}

struct Input {
  std::string_view bytes;
  std::size_t at = 0;
};

void take_bytes(png_structp png, png_bytep data, png_size_t size) {
  auto* input = static_cast<Input*>(png_get_io_ptr(png));
  if (size > input->bytes.size() - input->at) png_error(png, "it ends early");
  std::memcpy(data, input->bytes.data() + input->at, size);
  input->at += size;
}

/// Owns libpng's two structures, for either direction.
struct Codec {
  Message message;
  png_structp png = nullptr;
  png_infop info = nullptr;
  bool writes;
  explicit Codec(bool writes_) : writes(writes_) {
    png = writes ? png_create_write_struct(PNG_LIBPNG_VER_STRING, &message, keep_message, ignore_warning)
                 : png_create_read_struct(PNG_LIBPNG_VER_STRING, &message, keep_message, ignore_warning);
    if (png) info = png_create_info_struct(png);
    ensure(png && info, "png", "out of memory");
  }
  ~Codec() {
    if (writes) {
      png_destroy_write_struct(&png, &info);
    } else {
      png_destroy_read_struct(&png, &info, nullptr);
    }
  }
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
};

/// Jumps. False with codec.message on an error.
bool write_all(Codec& codec, const Frames& picture, int index, png_textp texts, int text_count) {
  if (setjmp(png_jmpbuf(codec.png))) return false;
  const auto width = static_cast<png_uint_32>(picture.width), height = static_cast<png_uint_32>(picture.height);
  png_set_IHDR(codec.png, codec.info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB(codec.png, codec.info, PNG_sRGB_INTENT_PERCEPTUAL);
  if (text_count > 0) png_set_text(codec.png, codec.info, texts, text_count);
  png_write_info(codec.png, codec.info);
  for (int y = 0; y < picture.height; ++y) {
    png_write_row(codec.png, picture.frame(index) + static_cast<std::size_t>(y) * picture.width * 3);
  }
  png_write_end(codec.png, codec.info);
  return true;
}

/// Jumps. Reads up to the pixels and asks for 8-bit RGBA.
bool read_header(Codec& codec) {
  if (setjmp(png_jmpbuf(codec.png))) return false;
  png_set_user_limits(codec.png, 1 << 20, 1 << 20);
  png_set_chunk_malloc_max(codec.png, 16 << 20);
  png_read_info(codec.png, codec.info);
  png_set_expand(codec.png);
  png_set_scale_16(codec.png);
  png_set_gray_to_rgb(codec.png);
  png_set_add_alpha(codec.png, 255, PNG_FILLER_AFTER);
  png_set_interlace_handling(codec.png);
  png_read_update_info(codec.png, codec.info);
  return true;
}

/// Jumps.
bool read_pixels(Codec& codec, png_bytepp rows) {
  if (setjmp(png_jmpbuf(codec.png))) return false;
  png_read_image(codec.png, rows);
  png_read_end(codec.png, nullptr);
  return true;
}

}  // namespace

std::string png_bytes(const Frames& picture, int index, std::string_view recipe, std::string_view digital_source) {
  ensure(index >= 0 && index < picture.count, "png", "expected a frame below {} but got {}", picture.count, index);
  std::vector<std::pair<std::string, std::string>> said;  // keyword, text
  if (!recipe.empty()) said.emplace_back("recipe", recipe);
  if (!digital_source.empty())
    said.emplace_back(kPngXmpKeyword, xmp_packet({.digital_source = std::string(digital_source)}));
  std::string bytes, none;
  std::vector<::png_text> entries;
  for (auto& [keyword, text] : said) {
    ::png_text& entry = entries.emplace_back();
    entry.compression = PNG_ITXT_COMPRESSION_NONE;
    entry.key = keyword.data();
    entry.text = text.data();
    entry.itxt_length = text.size();
    entry.lang = none.data();
    entry.lang_key = none.data();
  }
  Codec codec(true);
  png_set_write_fn(codec.png, &bytes, append_bytes, flush_nothing);
  ensure(write_all(codec, picture, index, entries.data(), static_cast<int>(entries.size())), "png",
         "cannot write a {}x{} picture: {}", picture.width, picture.height, codec.message.text);
  return bytes;
}

void write_png(const Frames& picture, const std::filesystem::path& path, std::string_view recipe,
               std::string_view digital_source) {
  write_file(path, png_bytes(picture, 0, recipe, digital_source));
}

Frames parse_png(std::string_view bytes, const std::string& name, PictureLimits limits) {
  Input input{bytes};
  Codec codec(false);
  png_set_read_fn(codec.png, &input, take_bytes);
  require(read_header(codec), "media", "{}: damaged PNG: {}", name, codec.message.text);
  const std::int64_t width = png_get_image_width(codec.png, codec.info);
  const std::int64_t height = png_get_image_height(codec.png, codec.info);
  require(width * height <= limits.max_pixels, "media", "{}: expected at most {} pixels but got {}x{}", name,
          limits.max_pixels, width, height);
  ensure(png_get_rowbytes(codec.png, codec.info) == static_cast<std::size_t>(width) * 4, "png", "unexpected row size");
  std::vector<std::uint8_t> rgba(static_cast<std::size_t>(width * height) * 4);
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < height; ++y) rows.push_back(rgba.data() + y * width * 4);
  require(read_pixels(codec, rows.data()), "media", "{}: damaged PNG: {}", name, codec.message.text);
  Frames picture(1, static_cast<int>(height), static_cast<int>(width));
  for (std::size_t i = 0; i < picture.pixels.size() / 3; ++i) {
    const int alpha = rgba[i * 4 + 3];
    for (std::size_t k = 0; k < 3; ++k) {
      picture.pixels[i * 3 + k] =
          static_cast<std::uint8_t>((rgba[i * 4 + k] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return picture;
}

Frames read_png(const std::filesystem::path& path, PictureLimits limits) {
  const std::string bytes = read_file(path, 1u << 30);
  return parse_png(bytes, path.string(), limits);
}

}  // namespace hotshot::media
