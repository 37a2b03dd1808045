#include "pipeline/footage.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "media/decode.h"

namespace hotshot::pipeline {
namespace {

constexpr int kMostFrames = 10'000;

media::DecodeOptions covering(PixelSize size) {
  return {.cover = media::Size{size.width, size.height}, .max_frames = kMostFrames};
}

}  // namespace

void check_footage(const std::filesystem::path& path, int frames) {
  const media::Probe probe = media::probe(path);
  require(probe.frames <= 1 || !probe.frames_exact || probe.frames >= frames, "footage",
          "expected at least {} frames in {} but got {}", frames, path.string(), probe.frames);
}

std::vector<int> pick_frames(int available, double frame_seconds, int wanted, double seconds) {
  require(available >= wanted, "footage", "expected at least {} frames but got {}", wanted, available);
  if (wanted == 1) return {available / 2};
  const int largest = (available - 1) / (wanted - 1);
  const auto miss = [&](int stride) { return std::abs(wanted * stride * frame_seconds - seconds); };
  int best = largest;
  for (int stride = largest; stride >= 1; --stride) {
    if (miss(stride) < miss(best)) best = stride;
  }
  const int first = (available - 1 - best * (wanted - 1)) / 2;
  std::vector<int> picked;
  for (int i = 0; i < wanted; ++i) picked.push_back(first + i * best);
  return picked;
}

Frames read_footage(const std::filesystem::path& path, PixelSize size, int frames, int fps) {
  const Clip clip = media::decode(path, covering(size));
  std::vector<int> picked(static_cast<std::size_t>(frames), 0);
  if (clip.frames.count > 1) {
    require(clip.frames.count >= frames, "footage", "expected at least {} frames in {} but got {}", frames,
            path.string(), clip.frames.count);
    picked = pick_frames(clip.frames.count, 1 / clip.rate.value(), frames, static_cast<double>(frames) / fps);
  }
  Frames result(frames, clip.frames.height, clip.frames.width);
  for (int i = 0; i < frames; ++i) {
    std::memcpy(result.frame(i), clip.frames.frame(picked[static_cast<std::size_t>(i)]), result.frame_bytes());
  }
  return result;
}

Frames read_ending(const std::filesystem::path& path, PixelSize size, int fps, int step, int most) {
  media::DecodeOptions options = covering(size);
  const media::Probe probe = media::probe(path);
  if (probe.frames > 1) {
    options.rate = Rational{fps, 1};
    options.start =
        std::max(0.0, probe.seconds - static_cast<double>(most) / fps);  // so that the last frame is reached
  }
  const Clip clip = media::decode(path, options);
  const int count = (std::min(clip.frames.count, most) - 1) / step * step + 1;
  Frames result(count, clip.frames.height, clip.frames.width);
  std::memcpy(result.pixels.data(), clip.frames.frame(clip.frames.count - count), result.pixels.size());
  return result;
}

at::Tensor unit_values(const Frames& frames) {
  const at::Tensor bytes = at::from_blob(const_cast<std::uint8_t*>(frames.pixels.data()),
                                         {frames.count, frames.height, frames.width, 3}, at::kByte);
  return bytes.to(at::kFloat).div_(255).permute({3, 0, 1, 2}).unsqueeze(0).contiguous();
}

at::Tensor read_mask(const std::filesystem::path& path, PixelSize size, int pixels_per_latent) {
  const Clip clip = media::decode(path, covering(size));
  const at::Tensor white = unit_values(clip.frames).narrow(2, 0, 1).mean(1);
  return at::avg_pool2d(white, {pixels_per_latent, pixels_per_latent}).ge(0.5).to(at::kFloat).unsqueeze(1);
}

}  // namespace hotshot::pipeline
