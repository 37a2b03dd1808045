// GIF89a with one global palette; unchanged pixels are left transparent and only the changed rectangle is written.
#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "base/file.h"
#include "media/format.h"
#include "media/palette.h"
#include "media/timing.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

constexpr int kCentiseconds = 100;
constexpr int kFastestRate = 50;  // players take a delay below 2/100 s for 10/100 s

void put_word(std::string& out, int value) {
  out += static_cast<char>(value & 255);
  out += static_cast<char>(value >> 8 & 255);
}

/// Data as GIF sub-blocks: up to 255 bytes behind their count, ended by a zero.
void put_blocks(std::string& out, std::string_view data) {
  for (std::size_t i = 0; i < data.size(); i += 255) {
    const std::string_view block = data.substr(i, 255);
    out += static_cast<char>(block.size());
    out += block;
  }
  out += '\0';
}

/// Variable-length codes, least significant bit first.
class BitWriter {
 public:
  void put(int code, int bits) {
    pending_ |= static_cast<std::uint32_t>(code) << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, pending_ >>= 8) bytes_ += static_cast<char>(pending_ & 255);
  }
  std::string finish() {
    if (count_ > 0) bytes_ += static_cast<char>(pending_ & 255);
    return std::move(bytes_);
  }

 private:
  std::uint32_t pending_ = 0;
  int count_ = 0;
  std::string bytes_;
};

/// LZW as GIF89a appendix F defines it. `root_bits` is the "minimum code size"; indices are below 1 << root_bits.
class LzwCoder {
 public:
  explicit LzwCoder(int root_bits) : root_bits_(root_bits), child_(4096 * 256) {}

  std::string encode(const std::vector<std::uint8_t>& indices) {
    BitWriter out;
    bits_ = root_bits_ + 1;
    restart(out);
    int prefix = indices[0];
    for (std::size_t i = 1; i < indices.size(); ++i) {
      std::uint16_t& next = child_[static_cast<std::size_t>(prefix) << 8 | indices[i]];
      if (next) {
        prefix = next;
        continue;
      }
      out.put(prefix, bits_);
      prefix = indices[i];
      if (free_ == 4096) {
        restart(out);
        continue;
      }
      if (free_ == 1 << bits_) ++bits_;
      next = static_cast<std::uint16_t>(free_++);
    }
    out.put(prefix, bits_);
    // A decoder adds an entry for that code too, and reads the end code with the bits that leaves.
    if (free_ == 1 << bits_ && bits_ < 12) ++bits_;
    out.put(end_code(), bits_);
    return out.finish();
  }

 private:
  int clear_code() const { return 1 << root_bits_; }
  int end_code() const { return clear_code() + 1; }
  void restart(BitWriter& out) {
    out.put(clear_code(), bits_);
    std::fill(child_.begin(), child_.end(), 0);
    bits_ = root_bits_ + 1;
    free_ = end_code() + 1;
  }

  int root_bits_;
  std::vector<std::uint16_t> child_;  // [prefix][index] → code, 0 = none
  int bits_ = 0;
  int free_ = 0;
};

/// Half-open rectangle.
struct Area {
  int left = 0, top = 0, right = 1, bottom = 1;
};

/// Where two index pictures differ; one pixel at the corner where nowhere, since a frame cannot be empty.
Area changed_area(const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& now, int width) {
  Area area{1 << 20, 1 << 20, 0, 0};
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (before[i] == now[i]) continue;
    const int x = static_cast<int>(i) % width, y = static_cast<int>(i) / width;
    area = {std::min(area.left, x), std::min(area.top, y), std::max(area.right, x + 1), std::max(area.bottom, y + 1)};
  }
  return area.right ? area : Area{};
}

class GifWriter {
 public:
  GifWriter(const Clip& clip, const EncodeOptions& options)
      : width_(clip.frames.width),
        height_(clip.frames.height),
        palette_(clip.frames, 255, options.dither),
        transparent_(static_cast<int>(palette_.entries().size())),
        root_bits_(std::max(2, static_cast<int>(std::bit_width(static_cast<unsigned>(transparent_))))),
        coder_(root_bits_) {
    put_header(options);
  }

  void put_frame(const std::uint8_t* frame_hwc, int delay) {
    std::vector<std::uint8_t> indices = palette_.map(frame_hwc, height_, width_);
    const bool first = before_.empty();
    const Area area = first ? Area{0, 0, width_, height_} : changed_area(before_, indices, width_);
    out_ += "\x21\xF9\x04";
    out_ += first ? '\x04' : '\x05';  // keep what is drawn; from the second frame on one index is transparent
    put_word(out_, delay);
    out_ += static_cast<char>(transparent_);
    out_ += '\0';
    out_ += ',';
    for (const int value : {area.left, area.top, area.right - area.left, area.bottom - area.top}) put_word(out_, value);
    out_ += '\0';
    out_ += static_cast<char>(root_bits_);
    put_blocks(out_, coder_.encode(crop(indices, area)));
    before_ = std::move(indices);
  }

  std::string finish() {
    out_ += ';';
    return std::move(out_);
  }

 private:
  void put_header(const EncodeOptions& options) {
    out_ = "GIF89a";
    put_word(out_, width_);
    put_word(out_, height_);
    out_ += static_cast<char>(0xF0 | (root_bits_ - 1));
    out_ += '\0';
    out_ += '\0';
    for (int i = 0; i < 1 << root_bits_; ++i) {
      const Rgb colour = i < transparent_ ? palette_.entries()[i] : Rgb{};
      out_.append(reinterpret_cast<const char*>(colour.data()), 3);
    }
    if (options.loop != 1) {
      out_ += "\x21\xFF\x0BNETSCAPE2.0\x03\x01";
      put_word(out_, options.loop == 0 ? 0 : options.loop - 1);  // the file says how often to repeat
      out_ += '\0';
    }
    if (!options.recipe.empty()) {
      out_ += "\x21\xFE";
      put_blocks(out_, options.recipe);
    }
    if (!options.digital_source.empty()) {
      out_ += "\x21\xFF";
      out_ += kGifXmpName;
      out_ += xmp_packet({.digital_source = options.digital_source}) + gif_xmp_trailer();
    }
  }

  /// The area's indices, row by row, with what did not change made transparent.
  std::vector<std::uint8_t> crop(const std::vector<std::uint8_t>& indices, const Area& area) const {
    std::vector<std::uint8_t> out;
    out.reserve(static_cast<std::size_t>(area.right - area.left) * (area.bottom - area.top));
    for (int y = area.top; y < area.bottom; ++y) {
      for (int x = area.left; x < area.right; ++x) {
        const std::size_t i = static_cast<std::size_t>(y) * width_ + x;
        const bool same = !before_.empty() && before_[i] == indices[i];
        out.push_back(same ? static_cast<std::uint8_t>(transparent_) : indices[i]);
      }
    }
    return out;
  }

  int width_, height_;
  Palette palette_;
  int transparent_;  // one index behind the palette's
  int root_bits_;
  LzwCoder coder_;
  std::vector<std::uint8_t> before_;
  std::string out_;
};

}  // namespace

Paths write_gif(const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options, Progress* progress) {
  require(clip.rate.value() <= kFastestRate, "encode",
          "expected at most {} frames per second for GIF (its shortest delay is 1/50 s) but got {}/{}", kFastestRate,
          clip.rate.num, clip.rate.den);
  const std::vector<std::int64_t> times = frame_times(clip.frames.count, clip.rate, kCentiseconds);
  require(times[1] <= 65535, "encode", "expected a frame of at most 655 s for GIF but got {}/{} frames per second",
          clip.rate.num, clip.rate.den);
  const AtomicFile writable(path);  // says at once when the folder cannot be written
  GifWriter writer(clip, options);
  for (int i = 0; i < clip.frames.count; ++i) {
    writer.put_frame(clip.frames.frame(i), static_cast<int>(times[i + 1] - times[i]));
    advance_or_stop(progress, i + 1);
  }
  write_file(path, writer.finish());
  return {path};
}

}  // namespace hotshot::media
