// MP4 (H.264 through libx264) and WebM (VP9 through libvpx) with libavformat.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "media/format.h"
#include "media/libav.h"
#include "media/xmp.h"

namespace hotshot::media {
namespace {

// Fixed, because x264's output depends on the number of threads, and the same clip shall give the same file anywhere.
constexpr int kEncoderThreads = 2;

struct VideoKind {
  const char* muxer;
  const char* codec;
  bool even_size;
  bool source_tag;  // the muxer keeps tags of any name: DigitalSourceType is one
  std::vector<std::pair<const char*, std::string>> codec_options;
  std::vector<std::pair<const char*, std::string>> muxer_options;
};

struct OutputFree {
  void operator()(AVFormatContext* output) const {
    if (output->pb) avio_closep(&output->pb);
    avformat_free_context(output);
  }
};

/// One video stream in one file. Legal order: constructor, write() per frame, finish().
class VideoWriter {
 public:
  VideoWriter(const VideoKind& kind, const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options);
  void write(const std::uint8_t* frame_hwc);
  /// Flushes, writes the index and closes; every error of the disk shows here at the latest.
  void finish();

 private:
  void check(int code, const char* what) const;
  void open_codec(const VideoKind& kind, Rational rate);
  void open_output(const VideoKind& kind, const std::filesystem::path& path, const EncodeOptions& options);
  void make_scaler();
  void drain();

  LibavLog log_;
  int width_, height_;  // of the clip; the file's may be one larger
  std::int64_t next_ = 0;
  std::unique_ptr<AVFormatContext, OutputFree> output_;
  AVStream* stream_ = nullptr;
  CodecPtr codec_;
  ScalerPtr scaler_;
  FramePtr rgb_, yuv_;
  PacketPtr packet_;
};

VideoWriter::VideoWriter(const VideoKind& kind, const Clip& clip, const std::filesystem::path& path,
                         const EncodeOptions& options)
    : width_(clip.frames.width), height_(clip.frames.height), packet_(av_packet_alloc()) {
  AVFormatContext* output = nullptr;
  check(avformat_alloc_output_context2(&output, nullptr, kind.muxer, nullptr), "cannot start the container");
  output_.reset(output);
  open_codec(kind, clip.rate);
  open_output(kind, path, options);
  make_scaler();
}

void VideoWriter::check(int code, const char* what) const {
  ensure(code >= 0, "encode", "{}: {}", what, log_.explain(code));
}

void VideoWriter::open_codec(const VideoKind& kind, Rational rate) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(kind.codec);
  ensure(encoder != nullptr, "encode", "this build of libavcodec lacks the encoder {}", kind.codec);
  codec_.reset(avcodec_alloc_context3(encoder));
  ensure(codec_ != nullptr && packet_ != nullptr, "encode", "out of memory");
  codec_->width = kind.even_size ? (width_ + 1) / 2 * 2 : width_;
  codec_->height = kind.even_size ? (height_ + 1) / 2 * 2 : height_;
  codec_->pix_fmt = AV_PIX_FMT_YUV420P;
  codec_->time_base = {rate.den, rate.num};
  codec_->framerate = {rate.num, rate.den};
  codec_->sample_aspect_ratio = {1, 1};
  codec_->colorspace = AVCOL_SPC_BT709;
  codec_->color_primaries = AVCOL_PRI_BT709;
  codec_->color_trc = AVCOL_TRC_BT709;
  codec_->color_range = AVCOL_RANGE_MPEG;
  codec_->chroma_sample_location = AVCHROMA_LOC_LEFT;
  codec_->gop_size = std::clamp(static_cast<int>(std::lround(rate.value() * 2)), 1, 250);
  codec_->thread_count = kEncoderThreads;
  codec_->flags |= AV_CODEC_FLAG_BITEXACT;
  if (output_->oformat->flags & AVFMT_GLOBALHEADER) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* options = nullptr;
  for (const auto& [key, value] : kind.codec_options) av_dict_set(&options, key, value.c_str(), 0);
  const int code = avcodec_open2(codec_.get(), encoder, &options);
  av_dict_free(&options);
  check(code, "cannot start the encoder");
}

void VideoWriter::open_output(const VideoKind& kind, const std::filesystem::path& path, const EncodeOptions& options) {
  output_->flags |= AVFMT_FLAG_BITEXACT;
  stream_ = avformat_new_stream(output_.get(), nullptr);
  ensure(stream_ != nullptr, "encode", "out of memory");
  check(avcodec_parameters_from_context(stream_->codecpar, codec_.get()), "cannot describe the stream");
  stream_->time_base = codec_->time_base;
  stream_->avg_frame_rate = stream_->r_frame_rate = codec_->framerate;
  stream_->sample_aspect_ratio = codec_->sample_aspect_ratio;
  if (!options.recipe.empty()) av_dict_set(&output_->metadata, "comment", options.recipe.c_str(), 0);
  if (kind.source_tag && !options.digital_source.empty())
    av_dict_set(&output_->metadata, kWebmSourceTag.data(), options.digital_source.c_str(), 0);
  // The protocol is spelled out, so that a colon in a name is no protocol; faststart opens the url a second time.
  const std::string url = "file:" + path.string();
  output_->url = av_strdup(url.c_str());
  check(avio_open(&output_->pb, url.c_str(), AVIO_FLAG_WRITE), "cannot open the file");
  AVDictionary* settings = nullptr;
  for (const auto& [key, value] : kind.muxer_options) av_dict_set(&settings, key, value.c_str(), 0);
  const int code = avformat_write_header(output_.get(), &settings);
  av_dict_free(&settings);
  check(code, "cannot write the header");
}

void VideoWriter::make_scaler() {
  rgb_ = make_frame(AV_PIX_FMT_RGB24, codec_->width, codec_->height);
  const int flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT;
  scaler_.reset(sws_getContext(codec_->width, codec_->height, AV_PIX_FMT_RGB24, codec_->width, codec_->height,
                               AV_PIX_FMT_YUV420P, flags, nullptr, nullptr, nullptr));
  ensure(scaler_ != nullptr, "encode", "cannot convert {}x{} pictures to yuv420p", codec_->width, codec_->height);
  const int* bt709 = sws_getCoefficients(SWS_CS_ITU709);
  sws_setColorspaceDetails(scaler_.get(), bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16);
}

void VideoWriter::write(const std::uint8_t* frame_hwc) {
  const std::size_t row_bytes = static_cast<std::size_t>(width_) * 3;
  for (int y = 0; y < codec_->height; ++y) {
    std::uint8_t* row = rgb_->data[0] + static_cast<std::ptrdiff_t>(y) * rgb_->linesize[0];
    std::memcpy(row, frame_hwc + row_bytes * std::min(y, height_ - 1), row_bytes);
    if (codec_->width > width_) std::memcpy(row + row_bytes, row + row_bytes - 3, 3);
  }
  yuv_ = make_frame(AV_PIX_FMT_YUV420P, codec_->width, codec_->height);
  sws_scale(scaler_.get(), rgb_->data, rgb_->linesize, 0, codec_->height, yuv_->data, yuv_->linesize);
  yuv_->pts = next_++;
  check(avcodec_send_frame(codec_.get(), yuv_.get()), "cannot encode a frame");
  drain();
}

void VideoWriter::drain() {
  for (;;) {
    const int code = avcodec_receive_packet(codec_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
    check(code, "cannot encode a frame");
    packet_->duration = 1;
    packet_->stream_index = stream_->index;
    av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
    check(av_interleaved_write_frame(output_.get(), packet_.get()), "cannot write the file");
    check(output_->pb->error, "cannot write the file");
  }
}

void VideoWriter::finish() {
  check(avcodec_send_frame(codec_.get(), nullptr), "cannot finish encoding");
  drain();
  check(av_write_trailer(output_.get()), "cannot write the file");
  check(output_->pb->error, "cannot write the file");
  check(avio_closep(&output_->pb), "cannot write the file");
}

/// A `uuid` box of XMP at the end of an MP4, where no offset in the file changes.
void append_xmp(const EncodeOptions& options, const std::filesystem::path& path) {
  const std::string packet = xmp_packet({.digital_source = options.digital_source});
  const std::size_t size = 8 + kMp4XmpType.size() + packet.size();
  std::ofstream out(path, std::ios::binary | std::ios::app);
  for (int shift = 24; shift >= 0; shift -= 8) out.put(static_cast<char>(size >> shift & 255));
  out << "uuid" << kMp4XmpType << packet;
  out.close();
  ensure(out.good(), "encode", "cannot write the file");
}

Paths write_video(const VideoKind& kind, const Clip& clip, const std::filesystem::path& path,
                  const EncodeOptions& options, Progress* progress) {
  AtomicFile file(path);
  {
    VideoWriter writer(kind, clip, file.path(), options);
    for (int i = 0; i < clip.frames.count; ++i) {
      writer.write(clip.frames.frame(i));
      advance_or_stop(progress, i + 1);
    }
    writer.finish();
  }
  if (!kind.source_tag && !options.digital_source.empty()) append_xmp(options, file.path());
  file.commit();
  return {path};
}

}  // namespace

Paths write_mp4(const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options, Progress* progress) {
  const std::string crf = fmt::format("{:.2f}", 38 - 0.25 * options.quality);
  return write_video({.muxer = "mp4",
                      .codec = "libx264",
                      .even_size = true,
                      .source_tag = false,
                      .codec_options = {{"preset", "medium"},
                                        {"tune", "animation"},
                                        {"crf", crf},
                                        // x264's mbtree (build 164) reads memory it never set: the same frames gave
                                        // different files from one call to the next.
                                        {"x264-params", "mbtree=0"}},
                      .muxer_options = {{"movflags", "+faststart+write_colr"}}},
                     clip, path, options, progress);
}

Paths write_webm(const Clip& clip, const std::filesystem::path& path, const EncodeOptions& options,
                 Progress* progress) {
  const std::string crf = fmt::format("{}", static_cast<int>(std::lround(50 - 0.4 * options.quality)));
  return write_video(
      {.muxer = "webm",
       .codec = "libvpx-vp9",
       .even_size = false,
       .source_tag = true,
       .codec_options = {{"deadline", "good"}, {"cpu-used", "3"}, {"row-mt", "1"}, {"b", "0"}, {"crf", crf}},
       .muxer_options = {}},
      clip, path, options, progress);
}

}  // namespace hotshot::media
