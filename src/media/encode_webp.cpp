// Animated WebP. The animation encoder joins frames that look alike into longer ones; they are split again here, so
// that a file has as many frames as its clip.
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "media/format.h"
#include "media/timing.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

constexpr int kMilliseconds = 1000;
constexpr int kLongestDuration = (1 << 24) - 1;

struct WebpFree {
  void operator()(WebPAnimEncoder* encoder) const { WebPAnimEncoderDelete(encoder); }
  void operator()(WebPMux* mux) const { WebPMuxDelete(mux); }
};
using EncoderPtr = std::unique_ptr<WebPAnimEncoder, WebpFree>;
using MuxPtr = std::unique_ptr<WebPMux, WebpFree>;

/// Bytes that libwebp allocated.
struct Bytes {
  WebPData data{};
  Bytes() { WebPDataInit(&data); }
  ~Bytes() { WebPDataClear(&data); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
};

void check(WebPMuxError code, const char* what) {
  ensure(code == WEBP_MUX_OK, "encode", "libwebp cannot {} (error {})", what, static_cast<int>(code));
}

WebPConfig config_of(const EncodeOptions& options) {
  WebPConfig config;
  ensure(WebPConfigInit(&config), "encode", "libwebp's version differs from its headers");
  config.lossless = options.quality == 100;
  config.quality = config.lossless ? 50.0f : static_cast<float>(options.quality);  // lossless: the effort
  config.method = config.lossless ? 2 : 4;
  config.use_sharp_yuv = 1;
  return config;
}

/// A WebPPicture that imports one frame_hwc.
struct Picture {
  WebPPicture picture;
  Picture(const std::uint8_t* frame_hwc, int width, int height) {
    ensure(WebPPictureInit(&picture), "encode", "libwebp's version differs from its headers");
    picture.use_argb = 1;
    picture.width = width;
    picture.height = height;
    ensure(WebPPictureImportRGB(&picture, frame_hwc, width * 3), "encode", "out of memory for a WebP picture");
  }
  ~Picture() { WebPPictureFree(&picture); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

void encode_animation(const Clip& clip, const std::vector<std::int64_t>& times, const EncodeOptions& options,
                      Progress* progress, Bytes& out) {
  WebPAnimEncoderOptions settings;
  ensure(WebPAnimEncoderOptionsInit(&settings), "encode", "libwebp's version differs from its headers");
  const EncoderPtr encoder(WebPAnimEncoderNew(clip.frames.width, clip.frames.height, &settings));
  ensure(encoder != nullptr, "encode", "out of memory for a WebP animation");
  const WebPConfig config = config_of(options);
  for (int i = 0; i < clip.frames.count; ++i) {
    Picture picture(clip.frames.frame(i), clip.frames.width, clip.frames.height);
    ensure(WebPAnimEncoderAdd(encoder.get(), &picture.picture, static_cast<int>(times[i]), &config), "encode",
           "libwebp cannot encode frame {}: {}", i, WebPAnimEncoderGetError(encoder.get()));
    advance_or_stop(progress, i + 1);
  }
  ensure(WebPAnimEncoderAdd(encoder.get(), nullptr, static_cast<int>(times.back()), nullptr) &&
             WebPAnimEncoderAssemble(encoder.get(), &out.data),
         "encode", "libwebp cannot assemble the animation: {}", WebPAnimEncoderGetError(encoder.get()));
}

/// One transparent pixel: drawn over a picture it changes nothing.
void encode_nothing(Bytes& out) {
  const std::uint8_t transparent[4] = {};
  std::uint8_t* bytes = nullptr;
  const std::size_t size = WebPEncodeLosslessRGBA(transparent, 1, 1, 4, &bytes);
  ensure(size > 0, "encode", "libwebp cannot encode a pixel");
  out.data = {bytes, size};
}

void push(WebPMux* mux, WebPMuxFrameInfo frame, std::int64_t duration) {
  frame.id = WEBP_CHUNK_ANMF;
  frame.duration = static_cast<int>(duration);
  check(WebPMuxPushFrame(mux, &frame, 1), "add a frame");
}

/// Copies the frames of `joined` to `mux`, one for each of `times`.
void split_frames(const WebPMux* joined, const std::vector<std::int64_t>& times, WebPMux* mux) {
  int frames = 0;
  check(WebPMuxNumChunks(joined, WEBP_CHUNK_ANMF, &frames), "count frames");
  Bytes nothing;
  encode_nothing(nothing);
  std::size_t at = 0;
  std::int64_t now = 0;
  for (int n = 1; n <= std::max(frames, 1); ++n) {
    WebPMuxFrameInfo frame{};
    check(WebPMuxGetFrame(joined, static_cast<unsigned>(n), &frame), "read a frame back");
    Bytes owner;
    owner.data = frame.bitstream;
    // A single frame comes back as a still picture, which has no duration.
    now = frames > 1 ? now + frame.duration : times.back();
    const bool clears = frame.dispose_method == WEBP_MUX_DISPOSE_BACKGROUND;
    WebPMuxFrameInfo again{};
    again.bitstream = nothing.data;
    again.blend_method = WEBP_MUX_BLEND;
    if (clears) again = frame;  // drawn again, so that the last of them can clear it
    for (bool first = true; at + 1 < times.size() && (first || times[at] < now); ++at, first = false) {
      WebPMuxFrameInfo shown = first ? frame : again;
      const bool last = at + 2 >= times.size() || times[at + 1] >= now;
      if (!last) shown.dispose_method = WEBP_MUX_DISPOSE_NONE;
      push(mux, shown, times[at + 1] - times[at]);
    }
  }
  ensure(at + 1 == times.size() && now == times.back(), "encode", "libwebp kept {} of {} frames", at, times.size() - 1);
}

}  // namespace

Paths write_webp(const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options,
                 Progress* progress) {
  const std::vector<std::int64_t> times = frame_times(clip.frames.count, clip.rate, kMilliseconds);
  require(times[1] <= kLongestDuration && times.back() < (1 << 30), "encode",
          "expected a clip of at most 12 days for WebP but got {} ms", times.back());
  const AtomicFile writable(path);  // says at once when the folder cannot be written
  Bytes joined, out;
  encode_animation(clip, times, options, progress, joined);
  const MuxPtr source(WebPMuxCreate(&joined.data, 0));
  MuxPtr mux(WebPMuxNew());
  ensure(source != nullptr && mux != nullptr, "encode", "out of memory for a WebP file");
  if (clip.frames.count == 1) {
    check(WebPMuxSetImage(mux.get(), &joined.data, 1), "store the picture");
  } else {
    split_frames(source.get(), times, mux.get());
    const WebPMuxAnimParams parameters{0xFFFFFFFF, options.loop};
    check(WebPMuxSetAnimationParams(mux.get(), &parameters), "store the loop count");
  }
  if (const Xmp xmp{options.recipe, options.digital_source}; !xmp.empty()) {
    const std::string packet = xmp_packet(xmp);
    const WebPData chunk{reinterpret_cast<const std::uint8_t*>(packet.data()), packet.size()};
    check(WebPMuxSetChunk(mux.get(), "XMP ", &chunk, 1), "store XMP");
  }
  check(WebPMuxAssemble(mux.get(), &out.data), "assemble the file");
  write_file(path, {reinterpret_cast<const char*>(out.data.bytes), out.data.size});
  return {path};
}

}  // namespace hotshot::media
