// Owners and error text for the libav* libraries. Included by the sources of media only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <memory>
#include <string>

namespace hotshot::media {

struct LibavFree {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
using FramePtr = std::unique_ptr<AVFrame, LibavFree>;
using PacketPtr = std::unique_ptr<AVPacket, LibavFree>;
using CodecPtr = std::unique_ptr<AVCodecContext, LibavFree>;
using ScalerPtr = std::unique_ptr<SwsContext, LibavFree>;

/// While it lives, libav's errors logged by this thread are kept here instead of being printed; nothing is printed by
/// any thread. The newest of a thread receives; the first messages are kept, up to a few hundred bytes.
class LibavLog {
 public:
  LibavLog();
  ~LibavLog();
  LibavLog(const LibavLog&) = delete;
  LibavLog& operator=(const LibavLog&) = delete;

  /// What `code` (a negative AVERROR) means, with the first logged line behind it.
  std::string explain(int code) const;
  const std::string& text() const { return text_; }

 private:
  static void receive(void* context, int level, const char* format, va_list arguments);
  LibavLog* outer_;
  std::string text_;
};

/// A picture of `format` with its own aligned buffers.
FramePtr make_frame(AVPixelFormat format, int width, int height);

}  // namespace hotshot::media
