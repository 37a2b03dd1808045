#include "media/frame_source.h"

#include <webp/demux.h>

#include <algorithm>

#include "base/error.h"
#include "media/format.h"
#include "media/jpeg.h"
#include "media/png.h"
#include "media/timing.h"

namespace hotshot::media {
namespace {

constexpr std::uint64_t kLargestPicture = 1u << 30;

std::string whole_file(const ByteReader& file) {
  require(file.size() <= kLargestPicture, "media", "{}: expected at most {} bytes but got {}", file.name(),
          kLargestPicture, file.size());
  std::string bytes;
  for (std::uint64_t at = 0; at < file.size(); at += 8u << 20) {
    bytes += file.bytes(at, std::min<std::uint64_t>(8u << 20, file.size() - at));
  }
  return bytes;
}

class PngSource : public FrameSource {
 public:
  PngSource(const ByteReader& file, const SourceOptions& options)
      : picture_(parse_png(whole_file(file), file.name(), {options.max_pixels})) {}

  Probe probe() override {
    Probe probe;
    probe.container = probe.codec = "png";
    probe.pixel_format = "rgb24";
    probe.width = probe.coded_width = picture_.width;
    probe.height = probe.coded_height = picture_.height;
    probe.frames = 1;
    probe.frames_exact = true;
    return probe;
  }
  bool next(TimedFrame& frame) override {
    if (done_) return false;
    frame = {0, picture_};
    return done_ = true;
  }
  void seek(double) override {}

 private:
  Frames picture_;
  bool done_ = false;
};

class WebpSource : public FrameSource {
 public:
  WebpSource(const ByteReader& file, const SourceOptions& options)
      : name_(file.name()), max_pixels_(options.max_pixels), bytes_(whole_file(file)) {
    data_ = {reinterpret_cast<const std::uint8_t*>(bytes_.data()), bytes_.size()};
    demuxer_.reset(WebPDemux(&data_));
    require(demuxer_ != nullptr, "media", "{}: damaged WebP: its chunks are incomplete", name_);
  }

  Probe probe() override {
    Probe probe;
    probe.container = probe.codec = "webp";
    probe.pixel_format = "rgba";
    probe.width = probe.coded_width = canvas(WEBP_FF_CANVAS_WIDTH);
    probe.height = probe.coded_height = canvas(WEBP_FF_CANVAS_HEIGHT);
    const std::vector<std::int64_t> times = frame_ends();
    probe.frames = static_cast<std::int64_t>(times.size()) - 1;
    probe.frames_exact = true;
    if (times.back() > 0) probe.rate = rate_of_times(times, 1000);
    probe.seconds = static_cast<double>(times.back()) / 1000;
    return probe;
  }

  bool next(TimedFrame& frame) override {
    if (!decoder_) start();
    if (!WebPAnimDecoderHasMoreFrames(decoder_.get())) return false;
    std::uint8_t* rgba = nullptr;
    int end = 0;
    require(WebPAnimDecoderGetNext(decoder_.get(), &rgba, &end), "media", "{}: damaged WebP: a frame cannot be decoded",
            name_);
    frame.seconds = now_ / 1000.0;
    frame.picture = Frames(1, canvas(WEBP_FF_CANVAS_HEIGHT), canvas(WEBP_FF_CANVAS_WIDTH));
    lay_over_white(rgba, frame.picture.pixels.data(), frame.picture.pixels.size() / 3);
    now_ = end;
    return true;
  }
  void seek(double) override {}

 private:
  struct Free {
    void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
    void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
  };

  int canvas(WebPFormatFeature feature) const { return static_cast<int>(WebPDemuxGetI(demuxer_.get(), feature)); }

  /// When each frame begins and the last ends, in ms.
  std::vector<std::int64_t> frame_ends() const {
    std::vector<std::int64_t> times{0};
    WebPIterator frame;
    if (!WebPDemuxGetFrame(demuxer_.get(), 1, &frame)) throw_invalid("media", name_ + ": damaged WebP: no frames");
    do times.push_back(times.back() + frame.duration);
    while (WebPDemuxNextFrame(&frame));
    WebPDemuxReleaseIterator(&frame);
    return times;
  }

  void start() {
    const std::int64_t pixels = static_cast<std::int64_t>(canvas(WEBP_FF_CANVAS_WIDTH)) * canvas(WEBP_FF_CANVAS_HEIGHT);
    require(pixels > 0 && pixels <= max_pixels_, "media", "{}: expected at most {} pixels but got {}", name_,
            max_pixels_, pixels);
    WebPAnimDecoderOptions options;
    ensure(WebPAnimDecoderOptionsInit(&options), "media", "libwebp's version differs from its headers");
    options.color_mode = MODE_RGBA;
    decoder_.reset(WebPAnimDecoderNew(&data_, &options));
    require(decoder_ != nullptr, "media", "{}: damaged WebP", name_);
  }

  std::string name_;
  std::int64_t max_pixels_;
  std::string bytes_;
  WebPData data_{};
  std::unique_ptr<WebPDemuxer, Free> demuxer_;
  std::unique_ptr<WebPAnimDecoder, Free> decoder_;
  int now_ = 0;
};

}  // namespace

void lay_over_white(const std::uint8_t* rgba, std::uint8_t* rgb, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i) {
    const int alpha = rgba[i * 4 + 3];
    for (std::size_t k = 0; k < 3; ++k) {
      rgb[i * 3 + k] = static_cast<std::uint8_t>((rgba[i * 4 + k] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

std::unique_ptr<FrameSource> open_webp(const ByteReader& file, const SourceOptions& options) {
  return std::make_unique<WebpSource>(file, options);
}
std::unique_ptr<FrameSource> open_png(const ByteReader& file, const SourceOptions& options) {
  return std::make_unique<PngSource>(file, options);
}

std::unique_ptr<FrameSource> open_source(const ByteReader& file, const SourceOptions& options) {
  const std::string head = file.bytes(0, std::min<std::uint64_t>(16, file.size()));
  if (head.starts_with("\x89PNG")) return open_png(file, options);
  if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "WEBP") return open_webp(file, options);
  if (options.strict && head.starts_with("GIF8")) check_gif_complete(file);
  if (options.strict && head.starts_with("\xFF\xD8\xFF")) check_jpeg_complete(file);
  return open_libav(file, options);
}

}  // namespace hotshot::media
