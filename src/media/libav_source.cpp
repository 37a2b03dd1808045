// Whatever libav* can decode, as RGB pictures.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "media/frame_source.h"
#include "media/jpeg.h"
#include "media/libav.h"
#include "media/orientation.h"
#include "media/resize.h"
#include "media/timing.h"

namespace hotshot::media {
namespace {

// Containers that hold their data themselves; playlists (hls, dash, concat) would open other files.
constexpr const char* kContainers =
    "mov,matroska,avi,flv,mpegts,mpeg,mpegvideo,gif,asf,ogg,ivf,h264,hevc,m4v,obu,yuv4mpegpipe,mxf,nut,dv,rm,"
    "jpeg_pipe,bmp_pipe,tiff_pipe,jpegxl_pipe,apng";
constexpr int kReadBuffer = 64 << 10;
constexpr std::size_t kMostCounted = 500000;  // packets looked at to count frames

struct InputFree {
  void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
};
struct IoFree {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};

/// What AVIO's callbacks need.
struct Cursor {
  const ByteReader* file = nullptr;
  std::int64_t at = 0;
};

int read_some(void* opaque, std::uint8_t* buffer, int size) {
  auto* cursor = static_cast<Cursor*>(opaque);
  const ssize_t got = ::pread(cursor->file->descriptor(), buffer, static_cast<std::size_t>(size), cursor->at);
  if (got < 0) return AVERROR(EIO);
  if (got == 0) return AVERROR_EOF;
  cursor->at += got;
  return static_cast<int>(got);
}

std::int64_t seek_to(void* opaque, std::int64_t offset, int whence) {
  auto* cursor = static_cast<Cursor*>(opaque);
  const auto size = static_cast<std::int64_t>(cursor->file->size());
  if (whence & AVSEEK_SIZE) return size;
  const std::int64_t from = (whence & 3) == SEEK_SET ? 0 : (whence & 3) == SEEK_CUR ? cursor->at : size;
  if (from + offset < 0) return AVERROR(EINVAL);
  return cursor->at = from + offset;
}

int refuse_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

class LibavSource : public FrameSource {
 public:
  LibavSource(const ByteReader& file, const SourceOptions& options);
  Probe probe() override;
  bool next(TimedFrame& frame) override;
  void seek(double seconds) override;

 private:
  [[noreturn]] void refuse(int code, const char* what) const {
    throw_invalid("media", fmt::format("{}: {}: {}", name_, what, log_.explain(code)));
  }
  void check(int code, const char* what) const {
    if (code < 0) refuse(code, what);
  }
  /// In strict mode, what libav only grumbled about is damage as well.
  void check_damage() const {
    require(!options_.strict || log_.text().empty(), "media", "{}: damaged file: {}", name_, log_.text());
  }
  void open_input();
  void open_codec();
  double seconds_of(std::int64_t timestamp) const;
  std::int64_t origin() const { return stream_->start_time == AV_NOPTS_VALUE ? 0 : stream_->start_time; }
  Rational header_rate() const;
  void count_packets(Probe& probe);
  void use_times(std::vector<std::int64_t>& times, std::int64_t end, Probe& probe) const;
  bool feed();
  Size target_size(const AVFrame& frame) const;
  Frames to_rgb(const AVFrame& frame);

  LibavLog log_;
  std::string name_;
  SourceOptions options_;
  Cursor cursor_;
  std::unique_ptr<AVIOContext, IoFree> io_;
  std::unique_ptr<AVFormatContext, InputFree> input_;
  AVStream* stream_ = nullptr;
  CodecPtr codec_;
  ScalerPtr scaler_;
  PacketPtr packet_;
  FramePtr frame_;
  Orientation orientation_;
  double last_seconds_ = -1;
  bool drained_ = false;
};

LibavSource::LibavSource(const ByteReader& file, const SourceOptions& options)
    : name_(file.name()), options_(options), cursor_{&file}, packet_(av_packet_alloc()), frame_(av_frame_alloc()) {
  ensure(packet_ && frame_, "media", "out of memory");
  open_input();
}

void LibavSource::open_input() {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kReadBuffer));
  io_.reset(avio_alloc_context(buffer, kReadBuffer, 0, &cursor_, read_some, nullptr, seek_to));
  AVFormatContext* input = avformat_alloc_context();
  ensure(io_ && input, "media", "out of memory");
  input->pb = io_.get();
  input->io_open = refuse_open;
  input->format_whitelist = av_strdup(kContainers);
  check(avformat_open_input(&input, "", nullptr, nullptr), "not a readable video");  // frees `input` on failure
  input_.reset(input);
  check(avformat_find_stream_info(input, nullptr), "not a readable video");
  const int best = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  require(best >= 0 && !(input->streams[best]->disposition & AV_DISPOSITION_ATTACHED_PIC), "media",
          "{}: expected a video but it has no video stream", name_);
  stream_ = input->streams[best];
  require(stream_->codecpar->width > 0 && stream_->codecpar->height > 0, "media", "{}: its pictures have no size",
          name_);
  for (unsigned i = 0; i < input->nb_streams; ++i) {
    if (static_cast<int>(i) != best) input->streams[i]->discard = AVDISCARD_ALL;
  }
  const auto* matrix =
      reinterpret_cast<const std::int32_t*>(av_stream_get_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
  if (matrix) orientation_ = Orientation::of_matrix({matrix[0], matrix[1], matrix[3], matrix[4]});
  if (std::string_view(input->iformat->name) == "jpeg_pipe") orientation_ = jpeg_orientation(*cursor_.file);
}

void LibavSource::open_codec() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  require(decoder != nullptr, "media", "{}: no decoder for {}", name_, avcodec_get_name(parameters.codec_id));
  const std::int64_t pixels = static_cast<std::int64_t>(parameters.width) * parameters.height;
  require(pixels <= options_.max_pixels, "media", "{}: expected at most {} pixels but got {}x{}", name_,
          options_.max_pixels, parameters.width, parameters.height);
  codec_.reset(avcodec_alloc_context3(decoder));
  ensure(codec_ != nullptr, "media", "out of memory");
  check(avcodec_parameters_to_context(codec_.get(), &parameters), "not a readable video");
  codec_->thread_count = 1;
  codec_->max_pixels = options_.max_pixels;
  codec_->pkt_timebase = stream_->time_base;
  check(avcodec_open2(codec_.get(), decoder, nullptr), "its decoder does not start");
}

double LibavSource::seconds_of(std::int64_t timestamp) const {
  return static_cast<double>(timestamp - origin()) * av_q2d(stream_->time_base);
}

Rational LibavSource::header_rate() const {
  const AVRational rate = stream_->avg_frame_rate.num > 0 ? stream_->avg_frame_rate : stream_->r_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) return {0, 1};
  return {rate.num, rate.den};
}

/// Whether a packet holds only a picture that is never shown (VP8's and VP9's alternate references).
bool is_hidden(AVCodecID codec, const AVPacket& packet) {
  if (packet.size < 1) return false;
  const int first = packet.data[0];
  if (codec == AV_CODEC_ID_VP8) return !(first & 0x10);
  if (codec != AV_CODEC_ID_VP9 || first >> 6 != 2) return false;
  // VP9 bitstream specification 6.2: marker (2 bits), profile (2, one more for profile 3), show_existing_frame,
  // frame_type, show_frame. In a superframe a shown picture follows, so only packets without an index count.
  const bool superframe = (packet.data[packet.size - 1] & 0xE0) == 0xC0;
  const int behind_profile = (first >> 4 & 3) == 3 ? first << 5 : first << 4;
  return !superframe && !(behind_profile & 0x80) && !(behind_profile & 0x20);
}

/// A header's rate that is an integer or an NTSC rate but for rounding, as that.
Rational tidy(Rational rate) {
  const double value = rate.value();
  const auto near = [value](double nice) { return std::abs(value - nice) <= 1e-5 * nice; };
  if (value < 1 || value > 1000) return rate;
  const double whole = std::round(value), ntsc = std::round(value * 1.001);
  if (near(whole)) return {static_cast<int>(whole), 1};
  return near(ntsc / 1.001) ? Rational{static_cast<int>(ntsc) * 1000, 1001} : rate;
}

void LibavSource::count_packets(Probe& probe) {
  std::vector<std::int64_t> times;
  std::int64_t end = INT64_MIN;
  while (times.size() < kMostCounted && av_read_frame(input_.get(), packet_.get()) >= 0) {
    if (packet_->stream_index == stream_->index && !is_hidden(stream_->codecpar->codec_id, *packet_)) {
      const std::int64_t time = packet_->pts != AV_NOPTS_VALUE ? packet_->pts : packet_->dts;
      times.push_back(time);
      if (time != AV_NOPTS_VALUE) end = std::max(end, time + std::max<std::int64_t>(packet_->duration, 0));
    }
    av_packet_unref(packet_.get());
  }
  if (times.size() >= kMostCounted) return;
  probe.frames = static_cast<std::int64_t>(times.size());
  probe.frames_exact = true;
  if (times.empty() || std::find(times.begin(), times.end(), AV_NOPTS_VALUE) != times.end()) return;
  std::sort(times.begin(), times.end());
  use_times(times, end, probe);
}

/// Rate and duration from when packets begin (sorted) and the last ends, where the header is silent or wrong.
void LibavSource::use_times(std::vector<std::int64_t>& times, std::int64_t end, Probe& probe) const {
  const AVRational unit = stream_->time_base;
  // Only GIF's last duration is to be believed.
  const bool is_gif = std::strcmp(input_->iformat->name, "gif") == 0;
  if (is_gif && end > times.back()) times.push_back(end);
  if (times.back() <= times.front()) return;
  const double span = static_cast<double>(times.back() - times.front()) * av_q2d(unit);
  const double mean = static_cast<double>(times.size() - 1) / span;
  const bool implausible = std::abs(probe.rate.value() - mean) > 0.05 * mean;
  if ((is_gif || probe.rate.num == 0 || implausible) && unit.num == 1) probe.rate = rate_of_times(times, unit.den);
  probe.seconds = is_gif ? span : span + 1 / mean;
}

Probe LibavSource::probe() {
  Probe probe;
  probe.container = input_->iformat->name;
  probe.codec = avcodec_get_name(stream_->codecpar->codec_id);
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(stream_->codecpar->format));
  probe.pixel_format = format ? format : "";
  probe.coded_width = stream_->codecpar->width;
  probe.coded_height = stream_->codecpar->height;
  probe.width = orientation_.swaps_axes() ? probe.coded_height : probe.coded_width;
  probe.height = orientation_.swaps_axes() ? probe.coded_width : probe.coded_height;
  probe.rotation = orientation_.degrees();
  probe.mirrored = orientation_.mirrored();
  const AVRational aspect = av_guess_sample_aspect_ratio(input_.get(), stream_, nullptr);
  if (aspect.num > 0 && aspect.den > 0) probe.sample_aspect = {aspect.num, aspect.den};
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    probe.has_audio |= input_->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
  }
  probe.rate = tidy(header_rate());
  if (stream_->duration > 0) {
    probe.seconds = static_cast<double>(stream_->duration) * av_q2d(stream_->time_base);
  } else if (input_->duration > 0) {
    probe.seconds = static_cast<double>(input_->duration) / AV_TIME_BASE;
  }
  // Other containers count packets that hold nothing, or guess.
  if (stream_->nb_frames > 0 && std::strncmp(input_->iformat->name, "mov", 3) == 0) {
    probe.frames = stream_->nb_frames;
    probe.frames_exact = true;
  } else {
    count_packets(probe);
  }
  // A picture has no rate but the one that its demuxer makes up.
  const bool still = std::string_view(probe.container).ends_with("_pipe") && probe.frames == 1;
  if (still) probe.seconds = 0;
  if (still || probe.rate.num <= 0) probe.rate = {1, 1};
  if (!probe.frames_exact) probe.frames = std::llround(probe.seconds * probe.rate.value());
  if (probe.seconds <= 0 && probe.frames > 1) probe.seconds = static_cast<double>(probe.frames) / probe.rate.value();
  return probe;
}

void LibavSource::seek(double seconds) {
  const std::int64_t target = origin() + std::llround(seconds / av_q2d(stream_->time_base));
  const int code = avformat_seek_file(input_.get(), stream_->index, INT64_MIN, target, target, 0);
  if (code < 0)
    check(avformat_seek_file(input_.get(), stream_->index, INT64_MIN, origin(), INT64_MAX, 0), "cannot be searched");
}

/// Gives the decoder one more packet, or the end of the stream. False when there was nothing left to give.
bool LibavSource::feed() {
  if (drained_) return false;
  for (;;) {
    const int code = av_read_frame(input_.get(), packet_.get());
    if (code < 0) {
      if (code != AVERROR_EOF && options_.strict) refuse(code, "damaged file");
      drained_ = true;
      avcodec_send_packet(codec_.get(), nullptr);
      return true;
    }
    const bool ours = packet_->stream_index == stream_->index;
    const int sent = ours ? avcodec_send_packet(codec_.get(), packet_.get()) : 0;
    av_packet_unref(packet_.get());
    if (sent < 0 && (options_.strict || sent == AVERROR(ENOMEM))) refuse(sent, "damaged file");
    if (ours) return true;
  }
}

bool LibavSource::next(TimedFrame& out) {
  if (!codec_) open_codec();
  for (;;) {
    const int code = avcodec_receive_frame(codec_.get(), frame_.get());
    if (code == 0) break;
    if (code == AVERROR_EOF) {
      check_damage();
      return false;
    }
    if (code != AVERROR(EAGAIN) && (options_.strict || code == AVERROR(ENOMEM))) refuse(code, "damaged file");
    if (!feed()) {
      check_damage();
      return false;
    }
  }
  check_damage();
  const Rational rate = header_rate();
  const double step = rate.num > 0 ? 1 / rate.value() : 0.04;
  const std::int64_t stamp = frame_->best_effort_timestamp;
  const double guess = last_seconds_ < 0 ? 0 : last_seconds_ + step;
  out.seconds = last_seconds_ = stamp != AV_NOPTS_VALUE ? seconds_of(stamp) : guess;
  out.picture = to_rgb(*frame_);
  av_frame_unref(frame_.get());
  return true;
}

/// The matrix of a stream that does not name one: by size, as players do.
int matrix_of(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    default:
      return std::min(frame.width, frame.height) >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
  }
}

bool is_full_range(const AVFrame& frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
      return true;
    default:
      return frame.color_range == AVCOL_RANGE_JPEG;
  }
}

/// The size to convert to: smaller than stored where the caller wants it smaller, so big pictures cost less.
Size LibavSource::target_size(const AVFrame& frame) const {
  const Size stored{frame.width, frame.height};
  if (!options_.cover) return stored;
  Size wanted = *options_.cover;
  if (orientation_.swaps_axes()) std::swap(wanted.width, wanted.height);
  return covering_size(stored, wanted, false);
}

Frames LibavSource::to_rgb(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  require(description && frame.width > 0 && frame.height > 0 &&
              static_cast<std::int64_t>(frame.width) * frame.height <= options_.max_pixels,
          "media", "{}: expected pictures of at most {} pixels but got {}x{}", name_, options_.max_pixels, frame.width,
          frame.height);
  const bool alpha = description->flags & AV_PIX_FMT_FLAG_ALPHA;
  const AVPixelFormat target = alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
  const Size size = target_size(frame);
  const int filter = size.width == frame.width && size.height == frame.height ? SWS_BICUBIC : SWS_AREA;
  scaler_.reset(sws_getCachedContext(scaler_.release(), frame.width, frame.height, format, size.width, size.height,
                                     target, filter | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr,
                                     nullptr, nullptr));
  require(scaler_ != nullptr, "media", "{}: cannot convert {} pictures", name_, description->name);
  const int* matrix = sws_getCoefficients(matrix_of(frame));
  sws_setColorspaceDetails(scaler_.get(), matrix, is_full_range(frame), sws_getCoefficients(SWS_CS_DEFAULT), 1, 0,
                           1 << 16, 1 << 16);
  const FramePtr rgb = make_frame(target, size.width, size.height);
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, rgb->data, rgb->linesize);
  Frames picture(1, size.height, size.width);
  const auto width = static_cast<std::size_t>(size.width);
  for (int y = 0; y < size.height; ++y) {
    const std::uint8_t* row = rgb->data[0] + static_cast<std::ptrdiff_t>(y) * rgb->linesize[0];
    std::uint8_t* to = picture.pixels.data() + static_cast<std::size_t>(y) * width * 3;
    if (alpha) {
      lay_over_white(row, to, width);
    } else {
      std::memcpy(to, row, width * 3);
    }
  }
  return orientation_.apply(std::move(picture));
}

}  // namespace

std::unique_ptr<FrameSource> open_libav(const ByteReader& file, const SourceOptions& options) {
  return std::make_unique<LibavSource>(file, options);
}

}  // namespace hotshot::media
