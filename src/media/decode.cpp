#include "media/decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "media/frame_source.h"
#include "media/resize.h"

namespace hotshot::media {
namespace {

enum Kind : std::uint32_t { kProbe = 1, kSize = 2, kFrame = 3 };

/// Probe as it crosses the pipe.
struct WireProbe {
  char container[64], codec[32], pixel_format[32];
  std::int32_t width, height, coded_width, coded_height, rotation, mirrored, frames_exact, has_audio;
  std::int32_t aspect_num, aspect_den, rate_num, rate_den;
  std::int64_t frames;
  double seconds;
};

struct WireSize {
  std::int32_t width, height;
};

template <std::size_t N>
void put_text(char (&to)[N], const std::string& from) {
  std::memset(to, 0, N);
  std::memcpy(to, from.data(), std::min(from.size(), N - 1));
}

template <std::size_t N>
std::string take_text(const char (&from)[N]) {
  return std::string(from, ::strnlen(from, N));
}

WireProbe to_wire(const Probe& probe) {
  WireProbe wire{};
  put_text(wire.container, probe.container);
  put_text(wire.codec, probe.codec);
  put_text(wire.pixel_format, probe.pixel_format);
  wire.width = probe.width, wire.height = probe.height;
  wire.coded_width = probe.coded_width, wire.coded_height = probe.coded_height;
  wire.rotation = probe.rotation, wire.mirrored = probe.mirrored;
  wire.frames_exact = probe.frames_exact, wire.has_audio = probe.has_audio;
  wire.aspect_num = probe.sample_aspect.num, wire.aspect_den = probe.sample_aspect.den;
  wire.rate_num = probe.rate.num, wire.rate_den = probe.rate.den;
  wire.frames = probe.frames, wire.seconds = probe.seconds;
  return wire;
}

/// The message as T, or InvalidArgument when the child sent something else.
template <class T>
T take(const std::string& payload, const std::string& name) {
  require(payload.size() == sizeof(T), "media", "{}: its decoder sent nonsense", name);
  T value;
  std::memcpy(&value, payload.data(), sizeof value);
  return value;
}

Probe from_wire(const WireProbe& wire, const std::string& name) {
  require(wire.width > 0 && wire.height > 0 && wire.coded_width > 0 && wire.coded_height > 0 && wire.rate_num > 0 &&
              wire.rate_den > 0 && wire.aspect_num > 0 && wire.aspect_den > 0 && wire.frames >= 0 &&
              std::isfinite(wire.seconds),
          "media", "{}: its headers contradict themselves", name);
  Probe probe;
  probe.container = take_text(wire.container);
  probe.codec = take_text(wire.codec);
  probe.pixel_format = take_text(wire.pixel_format);
  probe.width = wire.width, probe.height = wire.height;
  probe.coded_width = wire.coded_width, probe.coded_height = wire.coded_height;
  probe.rotation = wire.rotation, probe.mirrored = wire.mirrored != 0;
  probe.sample_aspect = {wire.aspect_num, wire.aspect_den};
  probe.frames = wire.frames, probe.frames_exact = wire.frames_exact != 0;
  probe.rate = {wire.rate_num, wire.rate_den};
  probe.seconds = wire.seconds, probe.has_audio = wire.has_audio != 0;
  return probe;
}

/// The child's half of decode(): chooses frames by time and sends them.
class Picker {
 public:
  Picker(const DecodeOptions& options, Rational source_rate, SandboxPipe& pipe)
      : options_(options), source_rate_(source_rate), pipe_(pipe) {
    end_ = options.duration ? options.start + *options.duration : 1e18;
    // A frame belongs to a span that begins within half its own length of it, so rounded times do no harm.
    slack_ = std::min(0.5 / source_rate.value(), options.rate ? 0.25 / options.rate->value() : 1e9);
  }

  void run(FrameSource& source) {
    TimedFrame frame;
    bool more = true;
    while (more && (more = source.next(frame))) {
      more = options_.rate ? take_resampled(frame) : take_as_is(frame);
    }
    if (options_.rate && held_) hold_until(std::min(end_, held_seconds_ + 1 / source_rate_.value()));
  }

  /// Whether the first frame seen began after the requested start, so a search went too far.
  bool began_late() const { return first_seconds_ > options_.start + slack_; }
  bool sent_any() const { return sent_ > 0; }

 private:
  bool note(const TimedFrame& frame) {
    if (first_seconds_ < 0) first_seconds_ = std::max(0.0, frame.seconds);
    return !(options_.start > 0 && began_late() && may_restart);
  }

  bool take_as_is(const TimedFrame& frame) {
    if (!note(frame) || frame.seconds >= end_ - slack_) return false;
    if (frame.seconds < options_.start - slack_) return true;
    return send(frame.picture);
  }

  double output_time() const { return options_.start + sent_ / options_.rate->value(); }

  /// Sends the held frame for every output time before `seconds`.
  bool hold_until(double seconds) {
    while (output_time() < seconds - slack_) {
      if (!send(picture_)) return false;
    }
    return true;
  }

  bool take_resampled(const TimedFrame& frame) {
    if (!note(frame)) return false;
    if (held_ && !hold_until(std::min(end_, frame.seconds))) return false;
    picture_ = frame.picture;
    held_seconds_ = frame.seconds;
    held_ = true;
    return frame.seconds < end_;
  }

  bool send(const Frames& picture) {
    Frames changed;
    if (options_.cover) {
      changed = resize_cover(picture, options_.cover->height, options_.cover->width);
    } else if (sent_ > 0 && (picture.width != size_.width || picture.height != size_.height)) {
      changed = resize(picture, size_.height, size_.width);
    }
    const Frames& out = changed.count ? changed : picture;
    if (sent_ == 0) {
      size_ = {out.width, out.height};
      pipe_.send(kSize, &size_, sizeof size_);
    }
    pipe_.send(kFrame, out.pixels.data(), out.pixels.size());
    return ++sent_ < options_.max_frames;
  }

 public:
  bool may_restart = false;

 private:
  const DecodeOptions& options_;
  Rational source_rate_;
  SandboxPipe& pipe_;
  double end_ = 0, slack_ = 0;
  double first_seconds_ = -1;
  Frames picture_;
  double held_seconds_ = 0;
  bool held_ = false;
  WireSize size_{};
  int sent_ = 0;
};

void decode_in_child(const ByteReader& file, const DecodeOptions& options, SandboxPipe& pipe) {
  const SourceOptions source_options{options.max_pixels, options.strict, options.cover};
  const Probe facts = open_source(file, source_options)->probe();
  const WireProbe wire = to_wire(facts);
  pipe.send(kProbe, &wire, sizeof wire);
  // Some indexes are wrong; when a search lands behind its target, the file is read from its beginning.
  for (const bool search : {options.start > 0, false}) {
    const auto source = open_source(file, source_options);
    if (search) source->seek(options.start);
    Picker picker(options, facts.rate, pipe);
    picker.may_restart = search;
    picker.run(*source);
    if (!search || picker.sent_any() || !picker.began_late()) return;
  }
}

void check_options(const DecodeOptions& options) {
  require(options.start >= 0 && options.start < 1e9 && (!options.duration || *options.duration > 0), "decode",
          "expected a start from 0 and a positive duration but got {} and {}", options.start,
          options.duration.value_or(0));
  require(!options.rate || (options.rate->num > 0 && options.rate->den > 0 && options.rate->value() <= 1000), "decode",
          "expected a frame rate up to 1000 but got {}/{}", options.rate ? options.rate->num : 0,
          options.rate ? options.rate->den : 0);
  require(!options.cover || (options.cover->width > 0 && options.cover->height > 0 && options.cover->width <= 16384 &&
                             options.cover->height <= 16384),
          "decode", "expected a size up to 16384x16384 but got {}x{}", options.cover ? options.cover->width : 0,
          options.cover ? options.cover->height : 0);
  require(options.max_frames > 0 && options.max_pixels > 0 && options.max_bytes > 0, "decode",
          "expected positive limits but got {} frames, {} pixels, {} bytes", options.max_frames, options.max_pixels,
          options.max_bytes);
}

/// The parent's half of decode(): believes nothing it is sent.
class Collector {
 public:
  Collector(const DecodeOptions& options, const std::string& name) : options_(options), name_(name) {}

  void take(std::uint32_t kind, const std::string& payload, Progress* progress) {
    switch (kind) {
      case kProbe:
        return take_probe(payload, progress);
      case kSize:
        return take_size(payload);
      case kFrame:
        return take_frame(payload, progress);
      default:
        throw_invalid("media", name_ + ": its decoder sent nonsense");
    }
  }

  Clip finish() {
    require(clip_.frames.count > 0, "media",
            "{}: expected frames but none lies in the requested span, or none can be "
            "decoded",
            name_);
    return std::move(clip_);
  }

 private:
  void take_probe(const std::string& payload, Progress* progress) {
    const Probe probe = from_wire(media::take<WireProbe>(payload, name_), name_);
    clip_.rate = options_.rate.value_or(probe.rate);
    const double seconds = std::min(options_.duration.value_or(1e18), std::max(0.0, probe.seconds - options_.start));
    const double expected = options_.rate || options_.duration || options_.start > 0
                                ? std::ceil(seconds * clip_.rate.value())
                                : static_cast<double>(probe.frames);
    begin_phase(progress, "reading", static_cast<std::int64_t>(std::clamp<double>(expected, 1, options_.max_frames)));
  }

  void take_size(const std::string& payload) {
    const auto size = media::take<WireSize>(payload, name_);
    const std::int64_t pixels = static_cast<std::int64_t>(size.width) * size.height;
    const std::int64_t most =
        std::max(options_.max_pixels,
                 options_.cover ? static_cast<std::int64_t>(options_.cover->width) * options_.cover->height : 0);
    require(size.width > 0 && size.height > 0 && pixels <= most && clip_.frames.count == 0, "media",
            "{}: its decoder sent nonsense", name_);
    clip_.frames.width = size.width;
    clip_.frames.height = size.height;
  }

  void take_frame(const std::string& payload, Progress* progress) {
    Frames& frames = clip_.frames;
    require(frames.width > 0 && payload.size() == frames.frame_bytes() && frames.count < options_.max_frames, "media",
            "{}: its decoder sent nonsense", name_);
    require(frames.pixels.size() + payload.size() <= static_cast<std::size_t>(options_.max_bytes), "media",
            "{}: expected frames of at most {} bytes together but got more (frame {} of {}x{})", name_,
            options_.max_bytes, frames.count, frames.width, frames.height);
    frames.pixels.insert(frames.pixels.end(), payload.begin(), payload.end());
    ++frames.count;
    advance_or_stop(progress, frames.count);
  }

  const DecodeOptions& options_;
  const std::string& name_;
  Clip clip_;
};

}  // namespace

Probe probe(const std::filesystem::path& path, const SandboxLimits& limits) {
  const ByteReader file(path);
  Probe result;
  run_sandboxed(
      file.name(), file.descriptor(), limits,
      [&](SandboxPipe& pipe) {
        const WireProbe wire =
            to_wire(open_source(file, {.max_pixels = 1ll << 40, .strict = false, .cover = {}})->probe());
        pipe.send(kProbe, &wire, sizeof wire);
      },
      [&](std::uint32_t, const std::string& payload) {
        result = from_wire(take<WireProbe>(payload, file.name()), file.name());
      });
  return result;
}

Clip decode(const std::filesystem::path& path, const DecodeOptions& options, Progress* progress) {
  check_options(options);
  const ByteReader file(path);
  Collector collector(options, file.name());
  run_sandboxed(
      file.name(), file.descriptor(), options.limits, [&](SandboxPipe& pipe) { decode_in_child(file, options, pipe); },
      [&](std::uint32_t kind, const std::string& payload) { collector.take(kind, payload, progress); }, progress);
  return collector.finish();
}

}  // namespace hotshot::media
