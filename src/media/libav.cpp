#include "media/libav.h"

#include <cstdarg>
#include <cstdio>

#include "base/error.h"

namespace hotshot::media {
namespace {

constexpr std::size_t kKeptLog = 400;
thread_local LibavLog* t_log = nullptr;

}  // namespace

LibavLog::LibavLog() : outer_(t_log) {
  av_log_set_level(AV_LOG_ERROR);
  av_log_set_callback(&LibavLog::receive);
  t_log = this;
}

LibavLog::~LibavLog() { t_log = outer_; }

void LibavLog::receive(void* context, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR || !t_log || t_log->text_.size() > kKeptLog) return;
  char line[256];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string text = line;
  for (char& c : text) c = (static_cast<unsigned char>(c) < 32) ? ' ' : c;
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  if (text.empty()) return;
  if (!t_log->text_.empty()) t_log->text_ += "; ";
  t_log->text_ += text;
}

std::string LibavLog::explain(int code) const {
  char meaning[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, meaning, sizeof meaning);
  return text_.empty() ? std::string(meaning) : fmt::format("{} ({})", meaning, text_);
}

FramePtr make_frame(AVPixelFormat format, int width, int height) {
  FramePtr frame(av_frame_alloc());
  ensure(frame != nullptr, "media", "out of memory");
  frame->format = format;
  frame->width = width;
  frame->height = height;
  ensure(av_frame_get_buffer(frame.get(), 64) >= 0, "media", "out of memory for a {}x{} picture", width, height);
  return frame;
}

}  // namespace hotshot::media
